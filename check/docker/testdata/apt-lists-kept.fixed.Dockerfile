FROM debian:12
RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y curl
RUN apt-get install -y curl
RUN apt-get update && apt-get install -y curl || true
#----
FROM debian:12 AS unused
RUN apt-get update && apt-get install -y curl
FROM scratch
