go install github.com/x/y/cmd/z@latest # want `other code`
go install github.com/x/y/cmd/z@v1.2.3
go build ./...
npm install -g snyk # want `snyk is other code tomorrow`
npm install -g snyk@1.1300.0 @scope/tool@2
npm i --global @scope/tool # want `@scope/tool is other code tomorrow`
npm install snyk
