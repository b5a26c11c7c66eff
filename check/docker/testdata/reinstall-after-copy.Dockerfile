FROM node:24 AS build
FROM node:24-slim
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
RUN npm ci --omit=dev # want `deletes the node_modules that COPY in line 4 brought`
#----
FROM node:24-slim
WORKDIR /app
COPY node_modules /other/node_modules
RUN npm ci
#----
FROM node:24 AS build
FROM node:24-slim
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
RUN npm install left-pad@1.3.0
#----
FROM node:24-slim
RUN npm ci
COPY node_modules node_modules
