package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/missing-claim", Title: "a claim that is not there", Severity: boltseal.Medium,
		Doc: `The pods mount a PersistentVolumeClaim that is not among those of the namespace in the same folder: they stay pending until somebody makes it, and get whatever it holds.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for i, v := range w.Spec.Volumes {
				c := v.PersistentVolumeClaim
				if c != nil && p.Knows(w.Object, "", "PersistentVolumeClaim") && p.Lookup("", "PersistentVolumeClaim", w.Namespace, c.ClaimName) == nil {
					p.Report(w.Object, nearest(w.PodNode, "volumes", strconv.Itoa(i), "persistentVolumeClaim", "claimName"), fmt.Sprintf("there is no claim %q in the namespace", c.ClaimName))
				}
			}
		}
	},
})
