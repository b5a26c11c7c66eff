FROM alpine:3.22
FROM --platform=$BUILDPLATFORM alpine:3.22
FROM alpine:3.22
