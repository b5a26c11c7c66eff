FROM node:24-alpine
USER node
RUN apk add --no-cache git # want `apk add needs root, and the step runs as node since line 2`
USER root
RUN apk add --no-cache git
#----
FROM debian:13
USER 10001:10001
RUN apt-get update && apt-get install -y curl # want `apt-get update needs root` # want `apt-get install needs root`
#----
# A user that only the build knows, sudo, and a failure that is allowed.
FROM debian:13
ARG USER
USER $USER
RUN apt-get install -y curl
#----
FROM debian:13
USER app
RUN sudo apt-get install -y curl
RUN apt-get clean
