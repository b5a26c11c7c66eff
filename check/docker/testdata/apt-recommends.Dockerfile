FROM debian:12
RUN apt-get install -y curl # want `come along`
RUN apt-get install -y --no-install-recommends curl
RUN apt-get -o APT::Install-Recommends=false install curl
#----
FROM debian:12
RUN echo 'APT::Install-Recommends "0";' > /etc/apt/apt.conf.d/01
RUN apt-get install -y curl
