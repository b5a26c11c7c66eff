package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/duplicate-stage", Title: "two stages have the same name", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL3024", "buildkit:DuplicateStageName", "trivy:DS-0012", "trivy:AVD-DS-0012", "checkov:CKV_DOCKER_11"},
		Doc: `COPY --from and FROM find the last stage of a name before them. Of two stages with one name the first cannot be named any more, and a reader
takes one for the other. Give each its own.`,
	},
	Run: func(p *Pass) {
		seen := map[string]bool{}
		for _, s := range p.Stages {
			if s.Name != "" && seen[s.Name] {
				p.Report(s.Alias.Span, "another stage is named "+s.Alias.Text+" already")
			}
			seen[s.Name] = true
		}
	},
})
