# options ignored=secret.txt,dist
FROM alpine:3.22
COPY secret.txt /a # want `secret.txt is kept out`
COPY ./dist /a # want `./dist is kept out`
COPY main.go /a
COPY . /a
