package kube

import (
	"fmt"

	"k8s.io/pod-security-admission/api"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/pss-refused", Title: "pods that their namespace refuses", Severity: boltseal.High,
		Controls: names("PSS/baseline PSS/restricted NSA/pod-security"),
		Doc: `The namespace enforces a Pod Security Standard that the pods do not pass. The workload is accepted, but its pods are not: its controller tries in vain to make them. The
findings about the single settings have the fixes.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Namespace") {
			level, err := api.ParseLevel(o.Meta.Labels[enforceLabel])
			if o.Meta.Labels[enforceLabel] == "" || err != nil {
				continue
			}
			version := api.LatestVersion()
			if v, err := api.ParseVersion(o.Meta.Labels["pod-security.kubernetes.io/enforce-version"]); err == nil {
				version = v
			}
			for _, w := range p.Namespace(o.Object.Name) {
				if why := p.Refusal(w, level, version); why != "" {
					p.Pod(w, nil, fmt.Sprintf("the namespace %s enforces %s and refuses the pods: %s", o.Object.Name, level, why))
				}
			}
		}
	},
})
