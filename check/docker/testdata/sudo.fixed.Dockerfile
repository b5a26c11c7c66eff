FROM debian:12
RUN apt-get update && \
    sudo -E apt-get install -y curl
RUN apt-get update
USER app
RUN sudo true
RUN echo sudo
