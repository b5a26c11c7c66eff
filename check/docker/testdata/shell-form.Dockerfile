FROM alpine:3.22
CMD node server.js # want `CMD runs below a shell`
ENTRYPOINT exec top -b # want `ENTRYPOINT runs`
CMD node "my server.js" --a<b # want `CMD runs`
CMD echo 'a "b" c' # want `CMD runs`
CMD echo $HOME # want `CMD runs`
CMD ["node", "server.js"]
CMD
