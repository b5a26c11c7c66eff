FROM alpine:3.22
LABEL org.opencontainers.image.authors="A Person <a@example.com>"
