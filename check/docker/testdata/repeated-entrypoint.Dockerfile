FROM alpine:3.22 AS a
ENTRYPOINT ["a"] # want `makes this one void`
RUN true
ENTRYPOINT ["b"]
FROM a
ENTRYPOINT ["c"]
