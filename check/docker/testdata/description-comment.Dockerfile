# check=experimental=InvalidDefinitionDescription
# The base to build on # want `does not begin with VERSION`
ARG VERSION=3.23
# builder makes the program
FROM alpine:$VERSION AS builder
# not a description

FROM alpine:$VERSION AS other
# hadolint ignore=DL3006
FROM alpine AS third
# of no name
FROM scratch
#----
# A file that does not ask for it.
# The base to build on
ARG VERSION=3.23
FROM alpine:$VERSION AS builder
