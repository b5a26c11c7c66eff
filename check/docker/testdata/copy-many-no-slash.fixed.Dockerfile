FROM alpine:3.22
COPY a b /app/
COPY ["a", "b", "/app"]
COPY a b /app/
COPY a b .
COPY a /app
ARG D
COPY a b $D
