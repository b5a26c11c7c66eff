FROM alpine:3.22 AS Build # want `stage Build has capital letters`
FROM alpine:3.22 AS build-2
