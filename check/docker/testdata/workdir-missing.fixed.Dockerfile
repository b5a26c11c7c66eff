FROM node:24
WORKDIR /app
COPY . .
COPY a b
#----
FROM node:24
WORKDIR /app
COPY . .
#----
FROM node:24
COPY . /app
#----
FROM php:8.4-apache
COPY . .
#----
FROM node:24 AS base
WORKDIR /app
FROM base
COPY . .
#----
FROM scratch
COPY a b
