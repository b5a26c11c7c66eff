FROM debian:trixie
RUN apt-get update && apt-get install -y curl
RUN apt-get update && apt-cache policy
