FROM fedora:43 AS build
RUN dnf install -y gcc
FROM fedora:43
RUN dnf install -y curl # want `what dnf downloads stays`
RUN microdnf install -y curl # want `what microdnf`
RUN zypper install -y curl # want `what zypper`
RUN dnf install -y curl && dnf clean all
RUN dnf install -y curl && rm -rf /var/cache/dnf
RUN --mount=type=cache,target=/var/cache/dnf dnf install -y curl
RUN apt-get install -y curl
