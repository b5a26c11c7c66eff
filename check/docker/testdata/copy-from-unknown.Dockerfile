FROM alpine:3.22 AS build
FROM alpine:3.22
COPY --from=buidl /a /a # want `did you mean build`
COPY --from=last /a /a # want `comes only further down`
COPY --from=7 /a /a # want `no stage 7`
COPY --from=build /a /a
COPY --from=0 /a /a
COPY --from=busybox /a /a
COPY --from=ghcr.io/x/y:1 /a /a
FROM alpine:3.22 AS last
