FROM debian:12
RUN apt-get update && apt-get install -y --no-install-recommends \
    curl # a comment
RUN apt-get update && apt-get install -y curl
RUN apt-get -qq install curl && apt-get install -y git && sudo apt-get --yes install wget
RUN yes | apt-get install vim
RUN apt upgrade -y
