package kube

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/label-value", Title: "a label that cannot be", Severity: boltseal.High,
		Aliases: aliases("kube-score:label-values"),
		Doc: `The name of a label has at most 63 letters, digits, dashes, underscores and dots, and may have a domain before it; a value has at most 63 of the same. The API server refuses
the object.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Objects {
			p.labels(o, o.Node.Get("metadata", "labels"))
			if w := o.Workload; w != nil && w.Template != o.Node {
				p.labels(o, w.Template.Get("metadata", "labels"))
			}
		}
	},
})

func (p *Pass) labels(o *Object, n *manifest.Node) {
	for key, value := range n.Entries() {
		if why := validation.IsQualifiedName(key.Value); len(why) > 0 {
			p.Report(o, key, fmt.Sprintf("%q cannot be a label", key.Value))
		}
		if value != nil && value.Kind == manifest.Scalar && value.Tag == "!!str" && len(validation.IsValidLabelValue(value.Value)) > 0 {
			p.Report(o, value, fmt.Sprintf("%q cannot be the value of a label", value.Value))
		}
	}
}
