FROM alpine:3.22
EXPOSE 80000 # want `is no port`
EXPOSE http # want `is no port`
EXPOSE 0 # want `is no port`
EXPOSE 8000-8080/tcp 443
EXPOSE 127.0.0.1:80:80 # want `is no port`
