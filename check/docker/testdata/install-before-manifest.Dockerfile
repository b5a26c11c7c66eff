FROM node:24
WORKDIR /app
RUN npm config set fund false && npm install # want `no package.json in the image yet`
COPY . .
#----
FROM python:3.13
RUN pip install -r requirements.txt # want `no requirements.txt`
#----
FROM golang:1.25
RUN --mount=type=bind,target=. go mod download
RUN go mod download # want `no go.mod`
#----
FROM node:24
COPY package*.json ./
RUN npm ci
#----
FROM node:24
RUN git clone https://example.com/x . && npm ci
#----
FROM node:24
RUN npm install -g npm@11.6.0
RUN npm install express@5.1.0
RUN npm init -y && npm install
#----
FROM example.com/with/files:1
RUN npm ci
#----
FROM python:3.13
RUN pip install -r https://example.com/requirements.txt
RUN pip install flask==3.1.0
