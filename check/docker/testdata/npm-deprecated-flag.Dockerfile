FROM node:24
RUN npm ci --only=production # want `--only=production is deprecated`
RUN npm install --production # want `--production is deprecated`
RUN npm ci --only prod # want `--only prod is deprecated`
RUN npm ci --omit=dev
RUN yarn install --production
#----
FROM node:14
RUN npm ci --only=production
