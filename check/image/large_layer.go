package image

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/large-layer", Title: "layer is very large", Severity: boltseal.Negligible,
		Doc: `A layer is pulled as a whole whenever a byte of it changes. Find out with the history line what it holds; often it is a cache, a build tree or data
that belongs into a volume.`,
	},
	Run: func(p *Pass) {
		for i, l := range p.Artifact.Layers {
			if l.Size > largeLayer {
				p.Report(fmt.Sprintf("layer %d takes %s as stored: %s", i+1, size(l.Size), clip(command(l.CreatedBy))), strconv.Itoa(i+1))
			}
		}
	},
})

// largeLayer is in bytes as stored.
const largeLayer = 500 << 20
