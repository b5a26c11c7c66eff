FROM node:24 AS build
LABEL a="b" # want `does not get the labels of stage build`
FROM node:24-slim
LABEL c="d"
COPY --from=build /x /x
#----
FROM node:24 AS base
LABEL a="b"
FROM base
#----
FROM node:24 AS other
LABEL a="b"
FROM node:24-slim
