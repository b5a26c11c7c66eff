FROM alpine:3.22
WORKDIR /app
WORKDIR /srv
WORKDIR /srv/app
WORKDIR "/quoted dir"
ARG DIR
WORKDIR $DIR
FROM mcr.microsoft.com/windows/servercore:ltsc2022
WORKDIR C:\\app
