FROM golang:1.26
WORKDIR /src
COPY . .
RUN go build -o /app . # want `go build in the last stage leaves`
CMD ["/app"]
#----
FROM node:24
WORKDIR /app
COPY . .
RUN npm ci && npm run build # want `npm run build in the last stage`
CMD ["node", "dist/index.js"]
#----
FROM maven:3.9-eclipse-temurin-21
COPY . .
RUN mvn -B package # want `mvn package`
ENTRYPOINT ["java", "-jar", "target/app.jar"]
#----
# An image that is there to build, and one with stages.
FROM golang:1.26
RUN go install ./...
#----
FROM golang:1.26 AS build
RUN go build -o /app .
FROM scratch
COPY --from=build /app /app
CMD ["/app"]
#----
FROM node:24-slim
RUN npm ci --omit=dev && npm run start:check
RUN go install example.com/tool@v1.2.3
CMD ["node", "build"]
