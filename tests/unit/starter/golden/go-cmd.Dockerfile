# Go, port 8080
FROM golang:1.30 AS build
WORKDIR /src
COPY go.mod ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /app ./cmd/web

FROM gcr.io/distroless/static-debian12:nonroot
ENV PORT=8080
WORKDIR /srv
COPY --from=build /app /app
COPY templates ./templates
EXPOSE 8080
CMD ["/app"]
