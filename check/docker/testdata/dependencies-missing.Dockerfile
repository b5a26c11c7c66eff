FROM gcr.io/distroless/nodejs24-debian13
WORKDIR /app
COPY . . # want `nothing installs what package.json lists`
CMD ["server.js"]
#----
FROM python:3.13-slim
COPY . /app # want `nothing installs what requirements.txt lists`
CMD ["python", "/app/main.py"]
#----
# options context=server.js,README.md
# An application without a list depends on nothing.
FROM node:24-slim
COPY . /app
CMD ["node", "/app/server.js"]
#----
# What is installed here, or comes from a stage.
FROM node:24-slim
WORKDIR /app
COPY . .
RUN npm ci
CMD ["node", "server.js"]
#----
FROM node:24-slim AS build
FROM gcr.io/distroless/nodejs24-debian13
COPY . /app
COPY --from=build /app/node_modules /app/node_modules
CMD ["/app/server.js"]
#----
FROM node:24-slim
COPY server.js /app/
CMD ["node", "/app/server.js"]
