FROM node:24
WORKDIR /app
COPY . . # want `COPY of everything comes before npm ci`
RUN npm ci
#----
FROM python:3.13
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
RUN pip install -r dev.txt
#----
FROM golang:1.25
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod go mod download
#----
FROM golang:1.25
COPY . .
RUN go build ./...
