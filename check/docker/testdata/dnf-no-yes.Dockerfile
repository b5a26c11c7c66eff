FROM fedora:43
RUN dnf install curl # want `dnf install asks`
RUN yum update # want `yum update asks`
RUN zypper in curl # want `zypper in asks`
RUN dnf -y install curl && yum install --assumeyes curl && zypper -n in curl && microdnf install -y curl
RUN yes | dnf install curl
RUN dnf clean all
