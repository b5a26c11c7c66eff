FROM alpine:3.22 AS build
RUN true
RUN true
FROM alpine:3.22
RUN true
RUN true # want `could be one layer`
# a reason
RUN true
RUN --mount=type=cache,target=/x true
USER 1
RUN true
