FROM golang:1.26 AS build
WORKDIR /src
RUN go build -o /out/app .
FROM scratch
COPY --from=build /out/app /app # want `/out/app may be linked to glibc.*no C library`
#----
FROM golang:1.26 AS build
WORKDIR /src
RUN go build -o app .
FROM alpine:3.23
COPY --from=build /src/app /app # want `linked to glibc.*this stage has musl`
#----
FROM golang:1.26-alpine AS build
WORKDIR /src
RUN apk add --no-cache build-base && go build -o /out/app .
FROM gcr.io/distroless/base-debian13
COPY --from=build /out /out # want `linked to musl.*this stage has glibc`
#----
# Without a compiler in the stage, go leaves cgo out.
FROM golang:1.26-alpine AS build
RUN go build -o /out/app .
FROM scratch
COPY --from=build /out/app /app
#----
FROM golang:1.26 AS build
ENV CGO_ENABLED=0
RUN go build -o /out/app .
FROM scratch
COPY --from=build /out/app /app
#----
FROM golang:1.26 AS build
RUN export CGO_ENABLED=0 && go build -o /out/app .
RUN CGO_ENABLED="0" go build -o /out/other .
RUN go build -ldflags '-linkmode external -extldflags "-static"' -o /out/third .
FROM gcr.io/distroless/static-debian13
COPY --from=build /out/other /app
COPY --from=build /out/third /third
#----
FROM golang:1.26-alpine AS build
RUN CGO_ENABLED=1 go build -o /out/app .
FROM gcr.io/distroless/static-debian13
COPY --from=build /out/app /app # want `linked to musl`
#----
# Both on the same family.
FROM golang:1.26-trixie AS build
RUN go build -o /out/app .
FROM debian:13-slim
COPY --from=build /out/app /app
