package kube

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/monitor-selects-nothing", Title: "a ServiceMonitor without Services", Severity: boltseal.Low,
		Aliases: aliases("kubescape:C-0302 kube-linter:dangling-servicemonitor"),
		Doc: `No Service of the namespace has the labels that the ServiceMonitor selects: nothing is measured, and alerts that build on it stay silent. Compare the selector with the labels of the
Service itself, not those of its pods.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("monitoring.coreos.com", "ServiceMonitor") {
			wanted := o.Node.Get("spec", "selector", "matchLabels")
			if wanted == nil || o.Node.Get("spec", "selector", "matchExpressions") != nil || o.Node.Get("spec", "namespaceSelector") != nil || !p.Knows(o, "", "Service") {
				continue
			}
			set := labels.Set{}
			for key, value := range wanted.Entries() {
				set[key.Value] = value.Str()
			}
			selector := labels.SelectorFromSet(set)
			if !slices.ContainsFunc(p.Kind("", "Service"), func(s *Object) bool { return s.Namespace == o.Namespace && selector.Matches(labels.Set(s.Meta.Labels)) }) {
				p.Report(o, wanted, "no Service of the namespace has the labels "+set.String())
			}
		}
	},
})
