FROM alpine:3.22
ENV A b # want `ENV A takes the rest`
ENV C d e # want `ENV C takes`
LABEL f g # want `LABEL f takes`
ENV H=i J=k
