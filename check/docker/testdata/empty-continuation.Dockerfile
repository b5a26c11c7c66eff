FROM alpine:3.22
RUN true && \ # want `an empty line stands inside RUN`

    false
RUN true && \
    # a comment
    false
