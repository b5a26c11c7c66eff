package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/missing-service-account", Title: "a service account that is not there", Severity: boltseal.Medium,
		Aliases: aliases("kube-linter:non-existent-service-account"),
		Doc: `The files hold service accounts of the namespace, and not the one that the workload names: its pods are not made until somebody makes the account, who then chooses its
rights. Compare the names.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if n := w.account(); n != "default" && p.Knows(w.Object, "", "ServiceAccount") && p.Lookup("", "ServiceAccount", w.Namespace, n) == nil {
				p.Pod(w, names("serviceAccountName"), fmt.Sprintf("there is no service account %q in the namespace", n))
			}
		}
	},
})
