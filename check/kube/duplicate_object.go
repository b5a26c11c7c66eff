package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/duplicate-object", Title: "an object stands in the file twice", Severity: boltseal.Medium,
		Doc: `Two documents of the file are the same object: the later one takes the place of the earlier, whose settings are lost without a word. It happens when a document is copied and
its name stays.`,
	},
	Run: func(p *Pass) {
		type place struct {
			file *manifest.File
			name name
		}
		seen := map[place]bool{}
		for _, o := range p.Objects {
			if o.Node.Get("metadata", "name").Str() == "" {
				continue
			}
			at := place{o.File, name{o.Group(), o.Kind, o.Namespace, o.Object.Name}}
			if seen[at] {
				p.Report(o, o.Node.Get("metadata", "name"), fmt.Sprintf("%s stands in the file above already: this takes its place", o))
			}
			seen[at] = true
		}
	},
})
