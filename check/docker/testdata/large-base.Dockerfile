FROM node:24 # want `run on node:24-slim or gcr.io/distroless/nodejs24-debian13:nonroot`
WORKDIR /app
COPY . .
CMD ["node", "server.js"]
#----
FROM python:3.13-bookworm # want `run on python:3.13-bookworm-slim`
COPY app.py /app/
USER 10001
CMD ["python", "/app/app.py"]
#----
FROM eclipse-temurin:25-jdk # want `eclipse-temurin:25-jre, the runtime alone`
COPY app.jar /app.jar
USER 10001
CMD ["java", "-jar", "/app.jar"]
#----
# A stage that is thrown away may be as large as it needs.
FROM node:24 AS build
RUN npm ci
FROM node:24-slim
COPY --from=build /app /app
USER node
#----
FROM node:24-alpine
WORKDIR /app
COPY . .
USER node
#----
FROM registry.example/node:24
WORKDIR /app
COPY . .
USER node
