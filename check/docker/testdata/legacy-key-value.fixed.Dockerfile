FROM alpine:3.22
ENV A=b
ENV C="d e"
LABEL f=g
ENV H=i J=k
