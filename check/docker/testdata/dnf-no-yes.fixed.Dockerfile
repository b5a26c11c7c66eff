FROM fedora:43
RUN dnf install -y curl
RUN yum update -y
RUN zypper in -y curl
RUN dnf -y install curl && yum install --assumeyes curl && zypper -n in curl && microdnf install -y curl
RUN yes | dnf install curl
RUN dnf clean all
