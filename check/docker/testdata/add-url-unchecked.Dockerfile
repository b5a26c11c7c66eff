FROM alpine:3.22
ADD https://example.com/tool /bin/tool # want `nothing says what https://example.com/tool must be`
ADD --checksum=sha256:00 https://example.com/tool /bin/tool
ADD https://github.com/o/r.git#v1 /src
ADD x.tar.gz /
