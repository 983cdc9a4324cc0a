# Java (Maven), port 8080
FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN mvn -B -DskipTests package
RUN cp "$(ls target/*.jar | grep -v -e '-plain' -e '-sources' -e '-javadoc' -e 'original-' | head -n 1)" /app.jar

FROM eclipse-temurin:17-jre
ENV PORT=8080
RUN useradd --create-home app
COPY --from=build /app.jar /app.jar
USER app
EXPOSE 8080
CMD ["sh", "-c", "exec java -Dserver.port=$PORT -jar /app.jar"]
