FROM alpine:3.22
EXPOSE 22 # want `port 22`
EXPOSE 80 22/tcp # want `port 22`
EXPOSE 22/udp 2222
ARG P=22
EXPOSE $P # want `port 22`
