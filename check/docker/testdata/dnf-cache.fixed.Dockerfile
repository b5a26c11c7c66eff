FROM fedora:43 AS build
RUN dnf install -y gcc
FROM fedora:43
RUN dnf install -y curl && dnf clean all
RUN microdnf install -y curl && microdnf clean all
RUN zypper install -y curl && zypper clean --all
RUN dnf install -y curl && dnf clean all
RUN dnf install -y curl && rm -rf /var/cache/dnf
RUN --mount=type=cache,target=/var/cache/dnf dnf install -y curl
RUN apt-get install -y curl
