# Java (Gradle), port 8080
FROM eclipse-temurin:25 AS build
WORKDIR /src
COPY . .
RUN sh ./gradlew --no-daemon assemble
RUN cp "$(ls build/libs/*.jar | grep -v -e '-plain' -e '-sources' -e '-javadoc' -e 'original-' | head -n 1)" /app.jar

FROM eclipse-temurin:25-jre
ENV PORT=8080
RUN useradd --create-home app
COPY --from=build /app.jar /app.jar
USER app
EXPOSE 8080
CMD ["sh", "-c", "exec java -Dserver.port=$PORT -jar /app.jar"]
