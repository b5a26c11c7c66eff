package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "certificates.k8s.io", resources: "certificatesigningrequests/approval signers", verbs: "update patch approve", cluster: true, named: true,
	why: "it may have certificates of any user signed"}.rule(boltseal.Check{
	ID: "kube/rbac-csr-approve", Title: "a role that may approve certificates", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.11 NSA/rbac MITRE/T1649"),
	Aliases:  aliases("checkov:CKV_K8S_156 kubescape:C-0280"),
	Doc: `Who may approve certificate signing requests has one signed for a user of his choice, such as a node or an administrator, and it is good for a year without
anybody being able to revoke it. Leave it to the controller that checks requests.`,
}))
