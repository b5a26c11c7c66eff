FROM alpine:3.22 AS base
EXPOSE 80
FROM base # want `nothing says how`
#----
FROM alpine:3.22
EXPOSE 80
HEALTHCHECK NONE
#----
FROM alpine:3.22
CMD ["job"]
#----
FROM node:24 # want `nothing says how to tell`
CMD ["node", "/app/server.js"]
#----
# A tool serves nothing.
FROM python:3.13
ENTRYPOINT ["python", "-m", "mytool"]
