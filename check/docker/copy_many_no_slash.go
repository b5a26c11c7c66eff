package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-many-no-slash", Title: "several files are copied to what is no folder", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL3021", "trivy:DS-0011"},
		Doc:     `With more than one source the destination must be a folder, and only a slash at its end says so. Without one the build fails.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY", "ADD") {
			to := destination(step)
			if len(sources(step)) < 2 || strings.HasSuffix(to, "/") || strings.HasSuffix(to, `\`) || to == "." || to == ".." || strings.HasSuffix(to, "/.") || strings.ContainsRune(to, '$') || len(step.Heredocs) > 0 || step.In.Windows {
				continue
			}
			var fixes []boltseal.Fix
			if last := step.Words[len(step.Words)-1]; !step.IsJSON() && !strings.ContainsAny(last.Text, `"'`) {
				fixes = append(fixes, p.Insert("end it with a slash", true, last.Span.End, "/"))
			}
			p.Report(step.Span, to+" must end in / to take several files", fixes...)
		}
	},
})
