FROM node:24-trixie AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci

FROM gcr.io/distroless/nodejs24-debian12
COPY --from=build /app/node_modules /app/node_modules # want `node_modules was built for glibc 2.41, and this stage has 2.36`
COPY --from=build /app/package.json /app/
#----
# An older library than the one that runs is fine, and so are equal ones.
FROM node:24-bookworm AS build
WORKDIR /app
RUN npm ci
FROM gcr.io/distroless/nodejs24-debian13
COPY --from=build /app/node_modules /app/node_modules
#----
FROM python:3.13-trixie AS build
RUN python -m venv /opt/venv && /opt/venv/bin/pip install -r requirements.txt
FROM python:3.13-slim-bookworm
COPY --from=build /opt/venv /opt/venv # want `what pip compiled`
#----
# The modules are built again.
FROM node:24-trixie AS build
WORKDIR /app
RUN npm ci
FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
RUN npm rebuild
#----
FROM golang:1.26-trixie AS build
RUN go build -o /out/app ./cmd/app
FROM debian:12
COPY --from=build /out/app /app # want `what go built with cgo`
#----
FROM golang:1.26-trixie AS build
RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app
FROM debian:12
COPY --from=build /out/app /app
