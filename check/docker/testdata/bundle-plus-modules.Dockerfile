FROM node:24 AS build
RUN npx esbuild a.js --bundle --outfile=b.js
FROM node:24-slim
COPY --from=build /app/node_modules /app/node_modules # want `has the modules in it already`
COPY --from=build /app/b.js /app/
#----
FROM node:24 AS build
RUN npx esbuild a.js --bundle --packages=external --outfile=b.js
FROM node:24-slim
COPY --from=build /app/node_modules /app/node_modules
#----
FROM node:24 AS build
RUN npx esbuild a.js --outfile=b.js
FROM node:24-slim
COPY --from=build /app/node_modules /app/node_modules
