from golang:1.23 as build
run --mount=type=bind,source=go.mod,target=go.mod --mount="type=cache,target=/go/pkg" --network=none go build -o /out .
from scratch
copy --from=0 /out /app
entrypoint ["/app"]
expose 80 443/tcp 53/udp 8000-8010
user 1000:1000
healthcheck none
