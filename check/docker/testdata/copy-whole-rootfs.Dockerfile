FROM alpine:3.22 AS a
FROM alpine:3.22
COPY --from=a / / # want `all of another stage`
COPY --from=a /bin/x /
COPY --from=a / /other
#----
FROM alpine:3.22 AS a
FROM scratch
COPY --from=a / /
#----
FROM tonistiigi/xx:1.6.1 AS xx
FROM alpine:3.22
COPY --from=xx / /
