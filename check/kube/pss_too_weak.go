package kube

import (
	"fmt"

	"k8s.io/pod-security-admission/api"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/pss-too-weak", Title: "a namespace with a weaker standard than it could have", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.2.1 NSA/pod-security"),
		Aliases:  aliases("kubescape:C-0192"),
		Doc: `All workloads of the namespace in the given files pass a stricter Pod Security Standard than the one that is enforced. Enforcing the stricter one costs nothing today and
keeps it so: the next pod that asks for more is refused and has to be talked about.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Namespace") {
			level, err := api.ParseLevel(o.Meta.Labels[enforceLabel])
			workloads := p.Namespace(o.Object.Name)
			if o.Meta.Labels[enforceLabel] == "" || err != nil || level == api.LevelRestricted || systemNamespaces[o.Object.Name] {
				continue
			}
			node := o.Node.Get("metadata", "labels", enforceLabel)
			strictest := p.Strictest(workloads)
			switch {
			case len(workloads) == 0 && level == api.LevelPrivileged:
				p.Report(o, node, "privileged enforces nothing")
			case len(workloads) > 0 && api.CompareLevels(strictest, level) > 0:
				p.Report(o, node, fmt.Sprintf("%s is enforced, and %s %s", level, passing(workloads), strictest),
					set(o, "enforce "+string(strictest), true, o.Node, string(strictest), "metadata", "labels", enforceLabel)...)
			}
		}
	},
})
