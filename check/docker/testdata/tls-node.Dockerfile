FROM node:24
ENV NODE_TLS_REJECT_UNAUTHORIZED=0 # want `takes what anybody`
RUN export NODE_TLS_REJECT_UNAUTHORIZED=0 && npm ci # want `takes what anybody`
ENV NODE_TLS_REJECT_UNAUTHORIZED=1 NODE_EXTRA_CA_CERTS=/ca.pem
