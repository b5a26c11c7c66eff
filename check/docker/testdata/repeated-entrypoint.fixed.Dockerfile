FROM alpine:3.22 AS a
RUN true
ENTRYPOINT ["b"]
FROM a
ENTRYPOINT ["c"]
