//go:build tools

// Package kube names the programs of a Kubernetes control plane, so that its
// go.mod pins them: build.sh makes them, package kubetest starts them.
package kube

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
