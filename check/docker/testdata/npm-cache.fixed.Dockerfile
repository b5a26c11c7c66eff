FROM node:24 AS build
RUN npm ci
FROM node:24-slim
RUN npm ci --omit=dev && npm cache clean --force
RUN npm ci && npm cache clean --force
RUN --mount=type=cache,target=/root/.npm npm ci
RUN npm run build
