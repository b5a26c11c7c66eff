FROM debian:13
HEALTHCHECK --start-period=10s --interval=30s --timeout=3s CMD ["/app", "health"]
#----
FROM debian:13
HEALTHCHECK --start-period=10s CMD ["/app", "health"]
#----
FROM debian:13
HEALTHCHECK NONE
