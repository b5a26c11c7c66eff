FROM alpine:3.22 AS a
RUN true
CMD ["b"]
FROM a
CMD ["c"]
