FROM alpine:3.22
RUN apk add --no-cache nodejs npm # want `versions of nodejs, npm`
RUN apk add --no-cache curl=8.14.1-r1 git~=2.49
RUN apk add --no-cache --virtual .deps gcc=14.2.0-r6
RUN apk del curl
