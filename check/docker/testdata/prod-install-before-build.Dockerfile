FROM node:24
RUN npm ci --omit=dev
RUN npm run build # want `npm ci left out`
#----
FROM node:24
RUN npm ci && npm run build && npm prune --omit=dev
#----
FROM node:24
RUN npm ci --omit=dev
RUN npm run start
