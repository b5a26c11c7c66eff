package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "admissionregistration.k8s.io", resources: "mutatingwebhookconfigurations validatingwebhookconfigurations mutatingadmissionpolicies validatingadmissionpolicies",
	verbs: "create update patch delete deletecollection", cluster: true, why: "it sees and changes every object that is written"}.rule(boltseal.Check{
	ID: "kube/rbac-webhooks", Title: "a role that may change admission", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.12 NSA/rbac MITRE/T1556"),
	Aliases:  aliases("trivy:KSV-0114 checkov:CKV_K8S_155 kubescape:C-0281"),
	Doc: `A webhook is sent every object that its rules name, secrets included, and a mutating one changes them: a container is added to every pod. Who may change these
configurations also takes the checks away that others rely on. Name the configurations in resourceNames.`,
}))
