package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(amount("kube/memory-limit", "no memory limit", boltseal.Medium, "limits", "memory", "256Mi",
	"trivy:KSV-0018 checkov:CKV_K8S_13 kubescape:C-0271 kubescape:C-0004 kubescape:C-0009 kube-linter:unset-memory-requirements polaris:memoryLimitsMissing kube-score:container-resources",
	`Without a memory limit one container takes all of its node's memory, by a leak or because somebody makes it: the kernel then kills other pods, or the kubelet
evicts them. With a limit only the container itself is killed.`))
