FROM alpine:3.22
ENV A=1 B=$A # want `B uses A`
ENV A=2 C=$A
ENV D=1
ENV E=$D F='$G' G=1
ENV PATH=/x:$PATH H=$PATH
