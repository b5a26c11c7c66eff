FROM fedora:43
RUN dnf install -y curl # want `the version of curl`
RUN yum install -y gcc-c++ # want `gcc-c\+\+`
RUN zypper --non-interactive install curl # want `curl`
RUN dnf install -y curl-8.12.1 @development /tmp/x.rpm
RUN zypper install -y curl=8.12.1
