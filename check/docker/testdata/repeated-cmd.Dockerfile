FROM alpine:3.22 AS a
CMD ["a"] # want `makes this one void`
RUN true
CMD ["b"]
FROM a
CMD ["c"]
