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
