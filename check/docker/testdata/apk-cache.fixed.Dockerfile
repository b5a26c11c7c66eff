FROM alpine:3.22
RUN apk add --no-cache curl
RUN apk --no-cache add curl
RUN apk add --no-cache curl
RUN apk add curl && rm -rf /var/cache/apk/*
RUN --mount=type=cache,target=/var/cache/apk apk add curl
