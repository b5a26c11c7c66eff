FROM node:24
RUN npm ci
RUN npm ci --omit=dev
RUN npm ci
RUN npm install -g npm@11.6.0
RUN npm install express@5.1.0
RUN pnpm install
