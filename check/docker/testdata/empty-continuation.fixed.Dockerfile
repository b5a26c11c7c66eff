FROM alpine:3.22
RUN true && \
    false
RUN true && \
    # a comment
    false
