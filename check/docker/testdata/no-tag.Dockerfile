ARG BASE=debian
FROM alpine # want `alpine has no tag`
FROM localhost:5000/app # want `no tag`
FROM $BASE AS build # want `debian has no tag`
FROM node:22 AS node
FROM build
FROM scratch
FROM alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000
ARG OTHER
FROM ${OTHER}
