#!/usr/bin/env bash
# Installs what the end-to-end tests use, from Debian's packages: tools to make
# images, engines and a registry to serve them. Needs root.
set -euo pipefail
packages=()
while read -r command package; do
	command -v "$command" >/dev/null || packages+=("$package")
done <<'TXT'
mmdebstrap mmdebstrap
skopeo skopeo
podman podman
dockerd docker.io
docker-registry docker-registry
rpm rpm
rpmbuild rpm
openssl openssl
strace strace
zstd zstd
shellcheck shellcheck
TXT
[ ${#packages[@]} -eq 0 ] && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${packages[@]}"
