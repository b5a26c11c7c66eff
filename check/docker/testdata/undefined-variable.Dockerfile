ARG EARLY=1
FROM node:24
ARG VERSION=1
ENV PATH=/x:$PATH NODE=$NODE_VERSION
COPY app-$VERSON /app # want `nothing sets VERSON; did you mean VERSION`
WORKDIR /$EARLY # want `declared before FROM only`
RUN npm config set x=$NPM_TOKEN # want `nothing sets NPM_TOKEN`
RUN X=1 && echo $X ${OTHER:-1} '$THIRD' "\$FOURTH" $HOME $VERSION
RUN for FILE in a b; do echo $FILE; done
LABEL a=${VERSION}
#----
FROM example.com/own:1
COPY $APP /app
