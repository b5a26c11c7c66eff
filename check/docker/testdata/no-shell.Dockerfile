FROM gcr.io/distroless/static-debian13
HEALTHCHECK --interval=5s CMD wget -q http://localhost/ # want `HEALTHCHECK goes through a shell`
CMD /app # want `distroless/static-debian13 has none`
#----
FROM scratch
RUN true # want `scratch has none`
HEALTHCHECK NONE
#----
FROM gcr.io/distroless/static-debian13
COPY --from=busybox:1.37 /bin/sh /bin/sh
RUN true
CMD ["/app"]
#----
FROM scratch
ADD rootfs.tar.xz /
RUN true
#----
FROM gcr.io/distroless/static-debian13:debug
RUN true
#----
FROM alpine:3.22
CMD app
#----
FROM gcr.io/distroless/static-debian13
COPY server /
CMD /server # want `CMD goes through a shell`
#----
FROM scratch
COPY rootfs/ /
CMD /server
