FROM alpine:3.22
COPY key.pem /root/key.pem
RUN make
RUN rm /root/key.pem # want `stays in the layer of COPY in line 2`
RUN apk add --no-cache gcc=14.2.0-r6
RUN apk del gcc # want `gcc was installed by an earlier instruction`
RUN curl -o /tmp/x.tgz https://example.com/x.tgz
RUN tar xf /tmp/x.tgz && rm -f /tmp/x.tgz # want `layer of RUN in line 7`
#----
FROM alpine:3.22 AS build
COPY key.pem /root/key.pem
RUN rm /root/key.pem
FROM alpine:3.22
RUN apk add --no-cache --virtual .b gcc && make && apk del .b
RUN curl -o /tmp/x.tgz https://example.com/x.tgz && tar xf /tmp/x.tgz && rm /tmp/x.tgz
COPY conf /etc/app/
RUN rm /etc/app/other
RUN rm -rf /tmp/cache
#----
FROM debian:trixie
RUN wget https://example.com/y.tar.gz
RUN tar xzf y.tar.gz && rm y.tar.gz # want `y.tar.gz stays in the layer of RUN in line 2`
WORKDIR /src
RUN curl -fsSLO https://example.com/z.tgz
RUN rm /z.tgz
RUN rm z.tgz # want `z.tgz stays`
