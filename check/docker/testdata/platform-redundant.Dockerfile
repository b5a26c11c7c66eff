FROM --platform=$TARGETPLATFORM alpine:3.22 # want `TARGETPLATFORM anyway`
FROM --platform=$BUILDPLATFORM alpine:3.22
FROM alpine:3.22
