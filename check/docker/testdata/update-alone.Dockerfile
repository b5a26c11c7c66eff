FROM debian:12
RUN apt-get update # want `goes stale`
RUN apt-get update && apt-get install -y curl
RUN apk update # want `apk update`
RUN apk update && apk add curl
