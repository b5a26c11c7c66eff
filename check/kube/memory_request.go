package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(amount("kube/memory-request", "no memory request", boltseal.Low, "requests", "memory", "128Mi",
	"trivy:KSV-0016 checkov:CKV_K8S_12 kubescape:C-0269 kubescape:C-0009 kube-linter:unset-memory-requirements polaris:memoryRequestsMissing kube-score:container-resources",
	`The scheduler places pods by their requests. A container that asks for no memory is put on a node that has none left, and is the first to be evicted from it.`))
