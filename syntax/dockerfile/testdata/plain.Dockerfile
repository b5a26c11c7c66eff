# syntax=docker/dockerfile:1.7
# check=skip=JSONArgsRecommended
ARG VERSION=22
# The builder.
FROM --platform=$BUILDPLATFORM node:${VERSION}-alpine AS build
WORKDIR /src
COPY --link --chown=1001:1001 package*.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npm \
    # a comment between continuation lines
    npm ci && \

    npm run build
ONBUILD RUN echo "again"

FROM scratch
LABEL org.opencontainers.image.title="a b" \
      version='1.0'
ENV PATH=/app/bin:$PATH  MODE=production
ENV GREETING hello   world
EXPOSE 8080/tcp 9090
VOLUME ["/data", "/tmp"]
COPY --from=build /src/dist /app
HEALTHCHECK --interval=30s CMD ["/app/bin/health"]
STOPSIGNAL SIGTERM
USER 1001:1001
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENTRYPOINT ["/app/bin/server"]
CMD --port 8080
