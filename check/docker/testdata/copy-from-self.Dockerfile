FROM alpine:3.22 AS one
COPY --from=one /a /b # want `from itself`
FROM alpine:3.22 AS two
COPY --from=ONE /a /b
COPY --from=1 /a /b # want `from itself`
