FROM alpine:3.22
ADD . /app # want `COPY does`
add ["a b", "/b"] # want `COPY does`
ADD --chown=1:1 package.json ./ # want `COPY does`
ADD rootfs.tar.gz /
ADD https://example.com/x /x
ADD --checksum=sha256:00 x /x
ADD $FILES /x
