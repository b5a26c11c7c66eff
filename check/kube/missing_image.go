package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/missing-image", Title: "a container without an image", Severity: boltseal.High,
		Doc: `The API server refuses a pod with a container that has no image. In a template for a tool that fills it in later this is as it should be; say so with
a comment or an annotation that accepts the finding.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if strings.TrimSpace(c.Image) == "" {
				p.At(c, names("image"), c.label()+" has no image")
			}
		}
	},
})
