FROM node:24
RUN yarn install --frozen-lockfile # want `what yarn downloads`
RUN yarn install && yarn cache clean
RUN yarn install --immutable
RUN --mount=type=cache,target=/usr/local/share/.cache yarn install
RUN yarn build
