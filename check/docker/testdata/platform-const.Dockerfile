FROM --platform=linux/amd64 alpine:3.22 # want `is linux/amd64 on every machine`
FROM --platform=$BUILDPLATFORM alpine:3.22
FROM --platform=linux/arm64 alpine:3.22 AS build-arm64
FROM alpine:3.22
