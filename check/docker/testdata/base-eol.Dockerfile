# options now=2026-11-01
FROM node:18-alpine # want `nobody has mended it since 2025-04-30`
FROM debian:buster-slim AS x # want `end of life`
FROM node:24
FROM debian:trixie
#----
# options now=2024-11-01
FROM node:18-alpine
#----
FROM node:18-alpine
#----
# options now=2026-11-22
# The system below counts too.
FROM node:24-bullseye-slim # want `stands on Debian bullseye, which nobody has mended since 2026-08-31`
FROM python:3.13-alpine3.19 # want `stands on Alpine 3.19`
FROM node:24-bookworm
FROM python:3.13-alpine3.23
FROM python:3.13-alpine
