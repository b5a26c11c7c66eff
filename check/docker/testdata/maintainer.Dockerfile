FROM alpine:3.22
MAINTAINER A Person <a@example.com> # want `label is`
