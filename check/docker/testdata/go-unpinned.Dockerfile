FROM golang:1.25
RUN go install example.com/x/cmd@latest # want `example.com/x/cmd@latest is other code`
RUN go install example.com/x/cmd@v1.2.3
RUN go install ./cmd/...
