FROM node:24
WORKDIR /app
COPY package.json node_modules/ ./ # want `node_modules/ comes from the build's own machine`
COPY .venv /venv # want `.venv comes from`
COPY --from=build /app/node_modules ./node_modules
COPY src/node_modules.txt ./
