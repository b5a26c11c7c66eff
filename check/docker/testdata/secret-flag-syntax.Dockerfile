# Build with:
# docker build --secret npm_token=~/.npmjs/token -t app . # want `--secret does not take npm_token; write --secret id=NAME,src=FILE`
FROM alpine:3.23
# DOCKER_BUILDKIT=1 docker build \
#   --secret token=x \ # want `does not take token`
#   -t app .
RUN true
#----
# docker build --secret id=token,src=token.txt --secret=id=other,env=OTHER .
FROM alpine:3.23
# vault write --secret npm_token=1
RUN true
