FROM alpine:3.22
LABEL Maintainer=me # want `label key Maintainer`
LABEL com.docker.x=y # want `com.docker.x`
LABEL a..b=c # want `a\.\.b`
LABEL org.opencontainers.image.title=x "sbom.syft"="y" a_b=c
