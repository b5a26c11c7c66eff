# syntax=docker/dockerfile:1

# The tag moves with Go's own security updates; of this stage only the binary and the certificates ship.
# boltseal ignore=docker/not-pinned
FROM golang:1.26-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/boltseal ./cmd/boltseal

FROM scratch
LABEL org.opencontainers.image.title="boltseal" \
      org.opencontainers.image.source="https://github.com/boltseal/boltseal" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/boltseal /boltseal
USER 65532:65532
# A command that ends: nothing is served whose health could be asked.
HEALTHCHECK NONE
ENTRYPOINT ["/boltseal"]
