FROM alpine:3.22
RUN adduser -D -u 10001 app
USER 10001
#----
FROM node:24
USER 1000
#----
FROM alpine:3.22
USER app:app
#----
FROM alpine:3.22
ARG U
USER $U
#----
FROM alpine:3.22 AS a
USER app
FROM alpine:3.22
USER 10001:10001
