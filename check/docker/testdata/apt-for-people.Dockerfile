FROM debian:trixie
RUN apt update && apt install -y curl # want `apt update may change` # want `apt install`
RUN apt-get update && apt-cache policy
