FROM debian:12
RUN apt-get update && apt-get install --no-install-recommends \ # want `apt-get install asks`
    curl # a comment
RUN apt-get update && apt-get install curl # want `apt-get install asks`
RUN apt-get -qq install curl && apt-get install -y git && sudo apt-get --yes install wget
RUN yes | apt-get install vim
RUN apt upgrade # want `apt upgrade asks`
