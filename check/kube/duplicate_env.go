package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/duplicate-env", Title: "a variable is set twice", Severity: boltseal.Low,
		Aliases: aliases("kube-linter:duplicate-env-var kube-score:environment-variable-key-duplication"),
		Doc:     `Of two variables of one name the last one holds, and tools that merge manifests may drop or swap them: what was reviewed is not what runs. Keep one.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			seen := map[string]bool{}
			for i, e := range c.Env {
				if seen[e.Name] {
					p.Report(c.Workload.Object, nearest(c.Node, "env", strconv.Itoa(i), "name"), fmt.Sprintf("%s sets %s twice, and the last one holds", c.label(), e.Name))
				}
				seen[e.Name] = true
			}
		}
	},
})
