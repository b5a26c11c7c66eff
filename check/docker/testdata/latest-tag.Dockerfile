FROM alpine:latest # want `whatever was pushed last`
FROM alpine:3.22
FROM alpine:latest@sha256:0000000000000000000000000000000000000000000000000000000000000000
ARG TAG=latest
FROM alpine:latest AS latest # want `alpine:latest`
FROM latest
