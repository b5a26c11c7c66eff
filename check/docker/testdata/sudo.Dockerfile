FROM debian:12
RUN sudo apt-get update && \ # want `no place`
    sudo -E apt-get install -y curl # want `no place`
RUN sudo apt-get update # want `no place`
USER app
RUN sudo true # want `no place`
RUN echo sudo
