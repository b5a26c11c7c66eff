FROM alpine:3.22 AS build
FROM alpine:3.22 AS Build # want `named Build already`
FROM alpine:3.22
FROM alpine:3.22
