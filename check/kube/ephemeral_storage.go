package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(amount("kube/ephemeral-storage-limit", "no limit on the node's disk", boltseal.Negligible, "limits", "ephemeral-storage", "1Gi",
	"kube-score:container-ephemeral-storage-request-and-limit",
	`Logs, emptyDir volumes and the container's own layer are on the node's disk. A container that fills it makes the kubelet evict pods of everybody on the node; with a limit
only its own pod is evicted.`))
