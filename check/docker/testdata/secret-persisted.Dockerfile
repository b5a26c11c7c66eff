FROM node:24
RUN --mount=type=secret,id=npm npm config set //r.example/:_authToken=$(cat /run/secrets/npm) && npm ci # want `npm config set writes the credential`
RUN --mount=type=secret,id=npm TOKEN=$(cat /run/secrets/npm) && npm config set x "$TOKEN" # want `npm config set writes`
RUN --mount=type=secret,id=npm,env=NPM echo "//r/:_authToken=$NPM" > ~/.npmrc # want `the secret is written to ~/.npmrc`
RUN --mount=type=secret,id=key cp /run/secrets/key /root/.ssh/id # want `cp makes a copy of the secret`
RUN npm config set //r.example/:_authToken=$NPM_TOKEN # want `npm config set writes`
RUN docker login -u me -p x # want `docker login writes`
RUN git config --global url."https://$T@github.com/".insteadOf "https://github.com/" # want `git config --global`
#----
FROM node:24
RUN --mount=type=secret,id=npm,target=/root/.npmrc npm ci
RUN --mount=type=secret,id=npm npm config set //r/:_authToken=$(cat /run/secrets/npm) && npm ci && npm config delete //r/:_authToken
RUN --mount=type=secret,id=npm cat /run/secrets/npm > /dev/null
RUN npm config set fund false
RUN git config --global user.email a@example.com
RUN --mount=type=secret,id=t,env=T curl -H "Authorization: $T" https://example.com/x -o x
#----
FROM node:24
RUN echo "//registry.npmjs.org/:_authToken=$NPM_TOKEN" > .npmrc # want `a credential is written to .npmrc`
RUN echo "//registry.npmjs.org/:_authToken=$NPM_TOKEN" > .npmrc && npm ci && rm .npmrc
RUN git clone https://$TOKEN@example.com/x.git # want `git clone keeps`
RUN git clone https://me:pw@example.com/x.git /x # want `git clone keeps`
RUN git clone https://$TOKEN@example.com/x.git /x && rm -rf /x/.git
RUN git clone https://git@example.com/x.git && git clone https://example.com/a@b.git
