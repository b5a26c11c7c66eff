FROM fedora:43
RUN dnf install -y --setopt=sslverify=false x # want `dnf takes`
RUN echo "sslverify=0" >> /etc/yum.conf # want `echo takes`
RUN apt-get -o Acquire::https::Verify-Peer=false update # want `apt-get takes`
RUN dnf install -y --setopt=sslverify=true x
