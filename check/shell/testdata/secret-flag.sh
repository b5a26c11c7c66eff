docker build --secret npm_token . # want `want id=NAME`
docker build --secret id=npm,src=$HOME/.npmrc .
docker build --secret id=npm,env=NPM_TOKEN .
docker build --secret id=npm,value=x . # want `want id=NAME`
docker buildx build --secret=id=a .
