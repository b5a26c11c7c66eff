package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "networking.k8s.io", resources: "networkpolicies ingresses", verbs: "create update patch delete deletecollection", why: "it may open what is closed"}.rule(boltseal.Check{
	ID: "kube/rbac-network", Title: "a role that may change the network", Severity: boltseal.Medium,
	Controls: names("NSA/rbac NSA/network-policies MITRE/T1562.007"),
	Aliases:  aliases("trivy:KSV-0056"),
	Doc: `Who may change NetworkPolicies removes the walls between pods before he goes on; who may change Ingresses publishes a Service, or takes over the host name of
another. Leave it to the pipeline of whoever owns the namespace.`,
}))
