FROM debian:trixie
RUN apt-get update && apt-get dist-upgrade -y # want `apt-get dist-upgrade changes`
RUN apk upgrade --no-cache # want `apk upgrade`
RUN dnf update -y # want `dnf update`
RUN zypper -n dup # want `zypper dup`
RUN dnf update -y openssl && apk upgrade openssl && apt-get update && yum makecache
