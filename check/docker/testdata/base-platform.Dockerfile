FROM --platform=linux/amd64 arm64v8/debian:13 AS a # want `name says arm64, and amd64`
FROM --platform=linux/arm64 registry.example/app:1.2-amd64 AS b # want `name says amd64, and arm64`
FROM --platform=linux/arm64/v8 arm64v8/alpine:3.23 AS c
FROM --platform=$BUILDPLATFORM arm64v8/golang:1.26 AS d
FROM --platform=linux/amd64 debian:13 AS e
FROM --platform=linux/arm64 a AS f
