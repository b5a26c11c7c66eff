FROM node:24-alpine
RUN addgroup -g 1000 app && adduser -D -u 1000 -G app app # want `addgroup app: node:24-alpine has node with the id 1000` # want `adduser app`
#----
FROM node:24
RUN groupadd --gid=1000 app # want `groupadd app`
RUN useradd -m node # want `useradd node`
RUN useradd -u 10001 -g 1000 app
RUN useradd -o -u 1000 other
#----
FROM node:24
RUN userdel -r node && useradd -u 1000 app
#----
FROM alpine:3.22
RUN addgroup -g 1000 app && adduser -D -u 1000 -G app app
#----
FROM nginx:1.29
RUN useradd -ru 101 web # want `useradd web`
RUN useradd --uid 10101 web2
#----
FROM ubuntu:24.04
RUN useradd -u1000 app2 # want `useradd app2: ubuntu:24.04 has ubuntu`
RUN adduser --disabled-password --uid 1000 app # want `adduser app`
#----
FROM ubuntu:22.04
RUN useradd -u 1000 app
