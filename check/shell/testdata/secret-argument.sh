docker login -u me -p hunter2 # want `history`
echo "$P" | docker login -u me --password-stdin
docker build --build-arg NPM_TOKEN=$NPM_TOKEN . # want `NPM_TOKEN stays`
docker build --build-arg VERSION=1 .
docker build --build-arg=API_KEY=x . # want `stays`
