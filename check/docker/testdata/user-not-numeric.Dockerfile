FROM alpine:3.22
RUN adduser -D -u 10001 app
USER app # want `USER app is a name`
#----
FROM node:24
USER node # want `USER node`
#----
FROM alpine:3.22
USER app:app # want `USER app:app`
#----
FROM alpine:3.22
ARG U
USER $U
#----
FROM alpine:3.22 AS a
USER app
FROM alpine:3.22
USER 10001:10001
