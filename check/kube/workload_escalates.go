package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/workload-escalates", Title: "a pod from which the cluster can be taken over", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.1.1 CIS-K8S-5.1.8 NSA/rbac MITRE/T1078"),
		Aliases:  aliases("kubescape:C-0053 kubescape:C-0267"),
		Doc: `Roles, bindings, service accounts and workloads of all files are followed to their end: the pods of this workload hold a right with which they become
cluster-admin. Whoever runs code in one of them owns the cluster. Narrow the role that the message names, or run the program where nobody else reaches it.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if t := w.Spec.AutomountServiceAccountToken; t != nil && !*t {
				continue
			}
			for _, b := range p.powers().of(w.Namespace, w.account()) {
				if what := b.takeover(); what != "" {
					p.Pod(w, names("serviceAccountName"), fmt.Sprintf("the pods may %s, by %s and the role %s", what, b.Object, b.Ref.Name))
					break
				}
			}
		}
	},
})

// takeover says with which of its rights the holder of a cluster-wide binding
// becomes cluster-admin; empty when with none.
func (b *Binding) takeover() string {
	switch {
	case !b.Cluster && b.Namespace != "kube-system":
		return ""
	case b.Ref.Kind == "ClusterRole" && b.Ref.Name == "cluster-admin":
		return "do everything"
	case b.Role == nil:
		return ""
	}
	for i := range b.Role.Rules {
		rule := &b.Role.Rules[i]
		if everything(rule) {
			return "do everything"
		}
		if len(rule.ResourceNames) > 0 {
			continue
		}
		for _, g := range takeovers {
			for _, r := range names(g.resources) {
				if len(allowed(rule, g.group, r, names(g.verbs))) > 0 {
					return g.why
				}
			}
		}
	}
	return ""
}

// takeovers are the rights that lead to all others, when they hold in all
// namespaces or in kube-system.
var takeovers = []grant{
	{group: "rbac.authorization.k8s.io", resources: "clusterroles", verbs: "escalate bind", why: "give itself any role"},
	{resources: "users groups serviceaccounts", verbs: "impersonate", why: "act as anybody"},
	{resources: "serviceaccounts/token", verbs: "create", why: "make tokens of the cluster's controllers"},
	{resources: "secrets", verbs: "get list watch", why: "read the secrets of all namespaces"},
	{resources: "pods/exec pods/attach pods/ephemeralcontainers", verbs: "create", why: "run commands in every pod"},
	{resources: "nodes/proxy", verbs: "get create", why: "run commands on every node"},
	{resources: "pods", verbs: "create", why: "start pods with any service account"},
	{group: "apps", resources: "deployments daemonsets statefulsets replicasets", verbs: "create update patch", why: "start pods with any service account"},
	{group: "certificates.k8s.io", resources: "certificatesigningrequests/approval", verbs: "update patch", why: "have certificates of any user signed"},
	{group: "admissionregistration.k8s.io", resources: "mutatingwebhookconfigurations", verbs: "create update patch", why: "change every object that is written"},
}
