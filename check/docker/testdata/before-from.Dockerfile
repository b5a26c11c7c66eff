ARG A=1
RUN true # want `RUN has no image`
FROM alpine:3.22
RUN true
