package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(amount("kube/cpu-limit", "no CPU limit", boltseal.Low, "limits", "cpu", "500m",
	"trivy:KSV-0011 checkov:CKV_K8S_11 kubescape:C-0270 kubescape:C-0050 kubescape:C-0009 kube-linter:unset-cpu-requirements polaris:cpuLimitsMissing kube-score:container-resources",
	`Without a CPU limit a container takes whatever its node has left: a miner that somebody started in it runs at full speed, and neighbours slow down. Requests
protect the neighbours too; where they are all set, this may be accepted.`))
