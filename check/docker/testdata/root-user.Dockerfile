FROM alpine:3.22 # want `no USER is set`
CMD ["true"]
#----
FROM alpine:3.22
USER app
USER root # want `the last USER is root`
#----
FROM alpine:3.22 AS build
USER root
FROM gcr.io/distroless/static:nonroot
COPY --from=build /x /x
#----
FROM alpine:3.22
ARG UID=0
USER ${UID}:0 # want `last USER`
#----
FROM alpine:3.22 AS base
USER 10001
FROM base
RUN true
#----
# hadolint ignore=DL3002
FROM alpine:3.22
