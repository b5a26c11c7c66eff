FROM gcr.io/distroless/static-debian13
COPY --chown=1001:1001 app /app # want `given to 1001:1001, and the container still runs as root`
#----
FROM alpine:3.22
COPY --chown=1001:1001 app /app
USER 1001
#----
FROM gcr.io/distroless/static-debian13:nonroot
COPY --chown=65532 app /app
#----
FROM alpine:3.22
COPY --chown=0:0 app /app
