FROM gcr.io/distroless/nodejs24-debian13
ENTRYPOINT ["node", "server.js"] # want `node is not on the PATH`
#----
FROM gcr.io/distroless/nodejs24-debian13
CMD ["node", "server.js"] # want `runs /nodejs/bin/node already`
#----
FROM gcr.io/distroless/python3-debian13
CMD ["python3", "app.py"] # want `would take "python3" for a script`
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
CMD ["java", "-jar", "app.jar"] # want `runs /usr/bin/java -jar already`
#----
FROM cgr.dev/chainguard/python:latest
CMD ["python3", "app.py"] # want `would take "python3" for a script`
