FROM node:24
HEALTHCHECK --interval=30s CMD node healthcheck.js # want `needs no shell`
#----
FROM node:24
HEALTHCHECK CMD curl -f http://localhost/ || exit 1
#----
FROM node:24
HEALTHCHECK CMD ["node", "healthcheck.js"]
#----
FROM node:24
HEALTHCHECK NONE
