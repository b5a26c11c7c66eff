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
