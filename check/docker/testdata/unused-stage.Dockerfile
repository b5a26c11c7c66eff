FROM node:24 AS builder # want `stage builder is not used`
FROM node:24 # want `stage 1 is not used`
FROM node:24 AS test
FROM node:24 AS build
FROM node:24-slim
COPY --from=build /x /x
