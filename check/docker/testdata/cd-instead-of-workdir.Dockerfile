FROM alpine:3.22
RUN cd /app # want `cd alone does nothing`
RUN cd /app && make # want `WORKDIR /app would say`
RUN make && cd /app && make
RUN (cd /app && make)
RUN cd sub && make
