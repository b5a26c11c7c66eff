FROM node:24
RUN npm install # want `npm install does not hold on`
RUN npm i --omit=dev # want `npm i does`
RUN npm ci
RUN npm install -g npm@11.6.0
RUN npm install express@5.1.0
RUN pnpm install
