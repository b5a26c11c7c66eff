#!/usr/bin/env bash
# Installs what the end-to-end tests use, from Debian's packages: tools to make
# images, engines and a registry to serve them. Needs root. Begins to build a
# Kubernetes control plane, where it is not in the cache.
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
qemu-system-x86_64 qemu-system-x86
busybox busybox-static
xz xz-utils
shellcheck shellcheck
TXT
if [ ${#packages[@]} -gt 0 ]; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

# The control plane and helm are built beside the tests that come before those
# that need them; these wait for the end.
cache=${BOLTSEAL_E2E_CACHE:-$HOME/.cache/boltseal-e2e}
mkdir -p "$cache"
cd "$(dirname "$0")"
nohup setsid nice -n 15 bash -c 'kube/build.sh; helm/build.sh' >"$cache/kube-build.log" 2>&1 </dev/null &
