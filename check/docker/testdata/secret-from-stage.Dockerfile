FROM node:24 AS build
RUN npm ci
FROM node:24-slim
COPY --from=build /root/.npmrc /root/ # want `/root/.npmrc holds credentials`
COPY --from=build /root /home/node # want `the home folder of root`
COPY --from=build /app/.env.production /app/ # want `holds credentials`
COPY --from=build /app/dist /app/dist
COPY --from=build /etc/ssl/certs /etc/ssl/certs
COPY .npmrc /app/
