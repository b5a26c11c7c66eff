FROM node:24 AS builder # want `stage builder is not used`
FROM node:24 # want `stage 1 is not used`
FROM node:24 AS test
FROM node:24 AS build
FROM node:24-slim
COPY --from=build /x /x
#----
ARG OS=linux
FROM golang:1.25 AS build-linux
FROM golang:1.25 AS build-windows
FROM build-${OS}
