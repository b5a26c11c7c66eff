FROM alpine:3.22 AS a
HEALTHCHECK CMD ["a"] # want `makes this one void`
RUN true
HEALTHCHECK CMD ["b"]
FROM a
HEALTHCHECK CMD ["c"]
