package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/service-account-field", Title: "the old name of serviceAccountName", Severity: boltseal.Low,
		Aliases: aliases("kube-linter:deprecated-service-account-field"),
		Doc: `The field serviceAccount is an old name of serviceAccountName that is kept for old clients. Tools that look for the account of a pod may not know it, and
so judge the pod by the wrong rights.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			node := w.PodNode.Get("serviceAccount")
			if node == nil {
				continue
			}
			var fixes []boltseal.Fix
			if key := node.KeyOf(); key != nil && w.PodNode.Get("serviceAccountName") == nil {
				fixes = []boltseal.Fix{{Title: "write serviceAccountName", Safe: true, Edits: []boltseal.Edit{{
					File: w.File.Name, Span: key.Span, New: rekey(key, "serviceAccountName"),
				}}}}
			} else {
				fixes = remove(w.Object, "leave the old name out", true, w.PodNode, "serviceAccount")
			}
			p.Report(w.Object, node, "serviceAccount is the old name of serviceAccountName", fixes...)
		}
	},
})
