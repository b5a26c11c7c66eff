package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(amount("kube/cpu-request", "no CPU request", boltseal.Low, "requests", "cpu", "100m",
	"trivy:KSV-0015 checkov:CKV_K8S_10 kubescape:C-0268 kubescape:C-0009 kube-linter:unset-cpu-requirements polaris:cpuRequestsMissing kube-score:container-resources",
	`The scheduler places pods by their requests, and the kernel shares a busy node's time by them. A container that asks for nothing gets the least of it when it matters.`))
