FROM node:24
RUN npm config set strict-ssl false # want `npm installs`
RUN npm ci --strict-ssl=false # want `npm installs`
ENV NPM_CONFIG_STRICT_SSL=false # want `NPM_CONFIG_STRICT_SSL installs`
RUN npm config set strict-ssl true
RUN npm config set cafile /ca.pem
