FROM gcr.io/distroless/nodejs24-debian13
ENTRYPOINT ["/nodejs/bin/node", "server.js"]
#----
FROM gcr.io/distroless/nodejs24-debian13
CMD ["server.js"]
#----
FROM gcr.io/distroless/python3-debian13
CMD ["app.py"]
#----
FROM gcr.io/distroless/nodejs24-debian13
CMD ["server.js"]
#----
FROM gcr.io/distroless/nodejs24-debian13
ENTRYPOINT ["/nodejs/bin/node", "server.js"]
#----
FROM gcr.io/distroless/nodejs24-debian13
ENV PATH=/nodejs/bin:$PATH
ENTRYPOINT ["node", "server.js"]
#----
FROM gcr.io/distroless/nodejs24-debian13
CMD ["node"]
ENTRYPOINT ["/nodejs/bin/node", "wrapper.js"]
#----
FROM node:24-alpine
CMD ["node", "server.js"]
#----
FROM gcr.io/distroless/java21-debian13
CMD ["app.jar"]
#----
FROM cgr.dev/chainguard/python:latest
CMD ["app.py"]
