FROM node:24
RUN npm install -g pm2 # want `the version of pm2`
RUN npm i @scope/x express@5.1.0 # want `@scope/x`
RUN npm install npm@latest # want `npm@latest`
RUN npm install -g pm2@6.0.0 @scope/x@1.0.0 ./local owner/repo git+https://x/y.git
RUN npm ci
RUN npm run build
RUN npm install --prefix web
