FROM alpine:3.22 AS build
COPY .env /app/.env # want `.env holds credentials`
COPY deploy/id_ed25519 /root/.ssh/ # want `id_ed25519 holds`
ADD ["server.key", "/etc/"] # want `server.key holds`
COPY id_ed25519.pub ca.pem .env.example /etc/
FROM alpine:3.22
COPY --from=build /app/.env /x
COPY .npmrc ./
COPY llvm-snapshot.gpg.key /usr/share/keyrings/
