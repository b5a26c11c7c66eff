FROM alpine:3.22
WORKDIR app # want `WORKDIR app depends`
WORKDIR /srv
WORKDIR app # want `depends`
WORKDIR "/quoted dir"
ARG DIR
WORKDIR $DIR
FROM mcr.microsoft.com/windows/servercore:ltsc2022
WORKDIR C:\\app
