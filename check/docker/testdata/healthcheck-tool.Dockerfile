FROM node:24-alpine
HEALTHCHECK CMD curl -f http://localhost/ # want `has no curl`
#----
FROM python:3.13-slim
HEALTHCHECK CMD ["wget", "-q", "http://localhost/"] # want `has no wget`
#----
FROM node:24-alpine
HEALTHCHECK CMD wget -q http://localhost/
#----
FROM node:24-slim
RUN apt-get update && apt-get install -y curl
HEALTHCHECK CMD curl -f http://localhost/
#----
FROM example.com/own:1
HEALTHCHECK CMD curl -f http://localhost/
#----
FROM node:24
HEALTHCHECK CMD curl -f http://localhost/
