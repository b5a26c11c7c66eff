FROM node:24
WORKDIR /app
COPY --chown=node:node package.json ./
COPY --chown=node:node . . # want `runs as node and owns its own code`
USER node
#----
FROM node:24
COPY --chown=node:node data/ /data/
COPY . .
USER node
#----
FROM node:24
COPY --chown=1001:1001 . .
USER node
#----
FROM node:24
COPY --chown=node:node . .
#----
FROM node:24
WORKDIR /app
COPY . .
RUN chown -R node:node /data
RUN chown -R node:node . # want `runs as node and is given its own code`
USER node
