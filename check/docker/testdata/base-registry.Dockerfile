# options registries=ghcr.io,*.example.com
FROM alpine:3.22 AS a # want `comes from docker.io`
FROM ghcr.io/x/y:1
FROM r.example.com/y:1
FROM a
FROM scratch
#----
FROM alpine:3.22
