FROM alpine:3.23
LABEL org.opencontainers.image.revision=main # want `revision should be the hash of a commit`
LABEL org.opencontainers.image.version=latest # want `version should be a version`
LABEL org.opencontainers.image.authors="The team" # want `authors should be an address`
LABEL org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567 org.opencontainers.image.version=v1.2.3-rc.1+build
LABEL org.opencontainers.image.authors="A Team <team@example.com>"
LABEL org.opencontainers.image.authors=https://example.com/contact
ARG REVISION
LABEL org.opencontainers.image.revision=$REVISION version=latest
