FROM node:24-alpine AS build
WORKDIR /app
RUN npm ci
RUN python3 -m venv /opt/env
FROM gcr.io/distroless/nodejs24-debian13
COPY --from=build /app/node_modules /app/node_modules # want `what npm compiled in /app/node_modules was built for musl, and this stage has glibc`
COPY --from=build /app/ /all # want `built for musl`
COPY --from=build /app/dist /app/dist
COPY --from=build /opt/env /opt/env # want `what pip compiled`
#----
FROM rust:1.90 AS build
RUN cargo build --release
FROM alpine:3.22
COPY --from=build /src/target/release/app /app # want `what cargo compiled`
COPY --from=build /usr/lib/libx.so.1 /usr/lib/ # want `a library`
#----
FROM rust:1.90 AS build
RUN cargo build --release --target x86_64-unknown-linux-musl
FROM alpine:3.22
COPY --from=build /src/target/x86_64-unknown-linux-musl/release/app /app
#----
FROM node:24-alpine AS build
RUN npm ci
FROM node:24-alpine
COPY --from=build /app/node_modules ./node_modules
#----
FROM golang:1.25-alpine AS build
FROM gcr.io/distroless/static-debian13
COPY --from=build /out/app /app
#----
FROM example.com/own AS build
FROM alpine:3.22
COPY --from=build /app/node_modules ./node_modules
#----
FROM debian:trixie-slim
COPY --from=node:24-alpine /usr/local/bin/node /usr/local/bin/node # want `the program in /usr/local/bin/node was built for musl`
COPY --from=node:24 /usr/local/bin/node /usr/local/bin/node
COPY --from=node:24-alpine /etc/motd /etc/motd
COPY --from=busybox:1.37 /bin/wget /bin/wget
COPY --from=golang:1.25-alpine /usr/local/go /usr/local/go
#----
FROM node:24 AS build
RUN npm ci
FROM node:24-alpine
COPY --from=build /app/node_modules ./node_modules
RUN npm rebuild
