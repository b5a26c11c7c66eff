FROM alpine:3.22
LABEL org.opencontainers.image.created="yesterday" # want `created should be a time`
LABEL org.opencontainers.image.source=git # want `source should be an address`
LABEL org.opencontainers.image.licenses="MIT, BSD" # want `licenses should be an SPDX`
LABEL org.opencontainers.image.created=2026-11-01T10:00:00Z org.opencontainers.image.url=https://example.com
LABEL org.opencontainers.image.licenses="MIT OR Apache-2.0"
ARG D
LABEL org.opencontainers.image.created=$D created=x
