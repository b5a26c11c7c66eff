FROM node:24 AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run build
FROM node:24-slim
COPY --from=build /app /app # want `/app of stage build`
COPY --from=build /app/dist /app
COPY --from=build app /x # want `app of stage build`
#----
FROM busybox:1.37 AS files
WORKDIR /site
COPY . .
FROM nginx:1.29
COPY --from=files /site /usr/share/nginx/html
