package image

import (
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/wasted-space", Title: "layers hold files that the image does not show", Severity: boltseal.Low,
		Aliases: []string{"dive:efficiency"},
		Doc: `A file that a later step deletes or replaces stays in its layer: it is stored, pulled and unpacked, and whoever looks can read it. Remove files in
the step that makes them, change modes and owners where files are copied (COPY --chmod --chown), and build in a stage of its own.`,
	},
	Run: func(p *Pass) {
		w := Measure(p.Image)
		if w.Bytes < 1<<20 || float64(w.Bytes) < 0.02*float64(w.Total) {
			return
		}
		var message strings.Builder
		fmt.Fprintf(&message, "%s of %s are hidden by later layers (efficiency %.1f %%)", size(w.Bytes), size(w.Total), 100*w.Efficiency)
		for _, l := range w.Layers[:min(len(w.Layers), 3)] {
			fmt.Fprintf(&message, "; layer %d: %s, hidden by layer %d: %s", l.Layer+1, size(l.Bytes), l.By+1, l.Largest)
		}
		p.Report(message.String(), "")
	},
})
