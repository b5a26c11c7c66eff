package kube

import (
	"k8s.io/pod-security-admission/api"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/pss-version", Title: "a Pod Security Standard in whatever version the cluster has", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.2.1 NSA/pod-security"),
		Doc: `Without pod-security.kubernetes.io/enforce-version the level means what the API server's own version means by it. An upgrade of the cluster may refuse pods that
were taken in before, when they are started anew: on the worst day. Name the version that the workloads were tried with and raise it on purpose, with the newer
one in warn-version before; or write latest, so that it is seen to be meant.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Namespace") {
			level, err := api.ParseLevel(o.Meta.Labels[enforceLabel])
			if o.Meta.Labels[enforceLabel] == "" || err != nil || level == api.LevelPrivileged || o.Meta.Labels[enforceLabel+"-version"] != "" {
				continue
			}
			p.Report(o, o.Node.Get("metadata", "labels", enforceLabel), string(level)+" is enforced in the version of the API server, whatever that will be",
				set(o, "say that the latest version is meant", true, o.Node, "latest", "metadata", "labels", enforceLabel+"-version")...)
		}
	},
})
