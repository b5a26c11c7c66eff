#!/usr/bin/env bash
# Builds the control plane of go.mod, once for each go.sum, into the cache and
# prints the folder. A first build is some ten minutes of processor time, at a
# low priority: e2e/setup.sh starts it and lets other work go on beside it. A
# second caller waits for the first.
set -euo pipefail
cd "$(dirname "$0")"
cache=${BOLTSEAL_E2E_CACHE:-$HOME/.cache/boltseal-e2e}
sum=$(cat go.mod go.sum build.sh | sha256sum | cut -c1-16)
bin=$cache/bin/kube-$sum
mkdir -p "$cache/bin"
exec 9>"$cache/bin/kube.lock"
flock 9
if [ ! -f "$bin/.made" ]; then
	mkdir -p "$bin"
	version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
	IFS=. read -r major minor _ <<<"${version#v}"
	at=k8s.io/component-base/version
	say="-X $at.gitVersion=$version -X $at.gitMajor=$major -X $at.gitMinor=$minor"
	export CGO_ENABLED=0
	for program in go.etcd.io/etcd/server/v3 k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl; do
		name=${program##*/}
		[ "$name" = v3 ] && name=etcd
		nice -n 15 go build -trimpath -ldflags "-s -w $say" -o "$bin/$name" "$program" >&2
	done
	touch "$bin/.made"
	find "$cache/bin" -maxdepth 1 -name 'kube-*' ! -path "$bin" -exec rm -rf {} +
fi
echo "$bin"
