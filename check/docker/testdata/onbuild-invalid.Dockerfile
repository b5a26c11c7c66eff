FROM alpine:3.22
ONBUILD ONBUILD RUN true # want `cannot trigger ONBUILD`
ONBUILD FROM alpine:3.22 # want `cannot trigger FROM`
ONBUILD RUN true
