FROM nginx:1.29
USER 101
EXPOSE 80 8443/tcp # want `port 80 needs root`
#----
FROM nginx:1.29
EXPOSE 80
#----
FROM debian:13
USER 10001
EXPOSE 8080 $PORT
