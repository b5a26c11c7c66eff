FROM alpine:3.22
COPY app.tar.gz /tmp/ # want `app.tar.gz is unpacked later`
RUN tar xf /tmp/app.tar.gz
COPY other.tar.gz /srv/
RUN tar cf x.tar /srv
