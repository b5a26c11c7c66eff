package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "persistentvolumes", verbs: "create update patch", cluster: true, why: "a volume of kind hostPath is any folder of a node"}.rule(boltseal.Check{
	ID: "kube/rbac-persistent-volume", Title: "a role that may make volumes", Severity: boltseal.Medium,
	Controls: names("CIS-K8S-5.1.9 NSA/rbac MITRE/T1611"),
	Aliases:  aliases("kubescape:C-0278"),
	Doc: `A PersistentVolume of kind hostPath gives a pod any folder of its node, and Pod Security Standards do not look behind a claim. Let storage classes make
volumes, and leave this right to their provisioners.`,
}))
