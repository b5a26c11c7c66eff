FROM alpine:3.22
COPY a b /app # want `/app must end in /`
COPY ["a", "b", "/app"] # want `must end`
COPY a b /app/
COPY a b .
COPY a /app
ARG D
COPY a b $D
