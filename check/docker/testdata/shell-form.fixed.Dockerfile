FROM alpine:3.22
CMD ["node", "server.js"]
ENTRYPOINT exec top -b
CMD node "my server.js" --a<b
CMD ["echo", "a \"b\" c"]
CMD echo $HOME
CMD ["node", "server.js"]
CMD
