ARG VERSION=24
FROM node:${VERSON} # want `declares VERSON; did you mean VERSION`
FROM node:$VERSION
FROM node:$OTHER # want `declares OTHER$`
FROM node:${OTHER:-24}
FROM --platform=$BUILDPLATFORM node-$TARGETARCH:1
