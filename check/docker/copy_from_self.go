package docker

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-from-self", Title: "COPY --from names its own stage", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL3023", "trivy:DS-0006", "trivy:AVD-DS-0006"},
		Doc:     `A stage cannot copy from itself: the build fails, or takes an image of that name from a registry. Name the stage that has the files.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			from, ok := step.Flag("from")
			if ok && from.Value.Text != "" && (strings.EqualFold(from.Value.Text, step.In.Name) || from.Value.Text == strconv.Itoa(step.In.Index)) {
				p.Report(from.Span, "the stage copies from itself")
			}
		}
	},
})
