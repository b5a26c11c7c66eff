FROM debian:13
RUN apt-get update && apt-get install -y gcc libpq5 vim # want `gcc, vim stay in the image`
#----
FROM alpine:3.23
RUN apk add --no-cache nodejs npm # want `npm stay`
#----
# What is removed in the same RUN, and what stays in a stage that is not shipped.
FROM alpine:3.23 AS build
RUN apk add --no-cache gcc musl-dev
FROM alpine:3.23
RUN apk add --no-cache --virtual .build gcc musl-dev && make && apk del .build
RUN apt-get update && apt-get install -y gcc && make && apt-get purge -y gcc
RUN apk add --no-cache ca-certificates tzdata
