# options context=.git,.env,main.go,.env.example
FROM node:24
COPY main.go /
COPY . /app # want `holds .env, .git, and`
#----
# options context=.git,.env ignored=.git,.env
FROM node:24
COPY . /app
#----
# options context=main.go
FROM node:24
COPY . /app
#----
FROM node:24
COPY . /app
