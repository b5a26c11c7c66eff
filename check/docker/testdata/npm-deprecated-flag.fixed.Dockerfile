FROM node:24
RUN npm ci --omit=dev
RUN npm install --omit=dev
RUN npm ci --omit=dev
RUN npm ci --omit=dev
RUN yarn install --production
#----
FROM node:14
RUN npm ci --only=production
