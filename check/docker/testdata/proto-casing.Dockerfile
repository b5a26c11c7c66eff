FROM alpine:3.22
EXPOSE 80/TCP 81/udp # want `the protocol of 80/TCP should be tcp`
EXPOSE 82
