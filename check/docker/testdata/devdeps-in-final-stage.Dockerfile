FROM node:24 AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci
FROM node:24-slim
COPY --from=build /app/node_modules ./node_modules # want `stage build installs all of package.json into /app/node_modules`
COPY --from=build app/ ./ # want `come along`
COPY --from=build /app/dist ./dist
#----
FROM node:24 AS build
WORKDIR /app
RUN npm ci
RUN npm run build && npm prune --omit=dev
FROM node:24-slim
COPY --from=build /app/node_modules ./node_modules
#----
FROM node:24 AS build
WORKDIR /app
RUN npm ci --omit=dev
FROM node:24-slim
COPY --from=build /app/node_modules ./node_modules
#----
FROM node:24
WORKDIR /app
RUN yarn install --frozen-lockfile # want `yarn installs what is for development too`
#----
FROM node:24
ENV NODE_ENV=production
RUN npm ci
RUN npm install -g pm2@6.0.0
RUN npm install express@5.0.0
#----
FROM node:24
RUN NODE_ENV=production npm ci
#----
FROM node:24 AS build
WORKDIR /srv
RUN cd web && npm install
RUN yarn
FROM node:24-slim
COPY --from=build /srv/web/node_modules /web/node_modules # want `into /srv/web/node_modules`
COPY --from=build /srv/api /api
