FROM alpine:3.22
COPY . /app
copy ["a b", "/b"]
COPY --chown=1:1 package.json ./
ADD rootfs.tar.gz /
ADD https://example.com/x /x
ADD --checksum=sha256:00 x /x
ADD $FILES /x
