package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/dashboard", Title: "the Kubernetes dashboard is installed", Severity: boltseal.Low,
		Controls: names("NSA/control-plane MITRE/T1133"),
		Aliases:  aliases("checkov:CKV_K8S_33 kubescape:C-0014 kubescape:C-0047"),
		Doc: `The dashboard shows and changes what its visitors, or its own account, may: clusters were taken over through ones that were reachable without a login. Its project is archived.
Remove it, or bind it to no rights of its own and let it be reached through kubectl only.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			path := imageOf(c.Image).path
			if strings.HasSuffix(path, "/kubernetes-dashboard-amd64") || strings.HasPrefix(path, "kubernetesui/dashboard") {
				p.At(c, names("image"), c.label()+" is the Kubernetes dashboard")
			}
		}
	},
})
