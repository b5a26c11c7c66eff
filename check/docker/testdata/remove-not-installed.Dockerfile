FROM alpine:3.22
RUN apk del .build-deps # want `.build-deps is not installed`
RUN apk add --no-cache --virtual .deps gcc && make && apk del .deps
RUN apk add --no-cache curl=8.14.1-r1
RUN apk del curl wget # want `wget is not installed`
RUN apk del apk-tools
RUN apk del nano || true
#----
FROM alpine:3.22
ARG TOOLS
RUN apk add --no-cache $TOOLS
RUN apk del git
#----
FROM example.com/own:1
RUN apk del git
