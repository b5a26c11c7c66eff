FROM alpine:3.22
VOLUME /var/run/docker.sock # want `docker.sock opens`
VOLUME ["/etc", "/data"] # want `a volume on /etc`
VOLUME /data /etc/app
