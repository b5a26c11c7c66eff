FROM alpine:3.22
WORKDIR /etc/ # want `/etc belongs to the system`
WORKDIR /etc/app
WORKDIR /app
