package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/relative-workdir", Title: "WORKDIR is not absolute", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3000", "buildkit:WorkdirRelativePath", "trivy:DS-0009", "trivy:AVD-DS-0009", "checkov:CKV_DOCKER_10"},
		Doc:     `A relative WORKDIR depends on the one before it, which may stand in the base image and change with it. Write the whole path.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("WORKDIR") {
			dir, known := step.State.Vars.Expand(dockerfile.Unquote(step.Args.Value, p.File.Escape), p.File.Escape)
			if !known || step.In.Windows || path.IsAbs(dir) || dir == "" || strings.HasPrefix(dir, "$") {
				continue
			}
			var fixes []boltseal.Fix
			if step.State.Workdir != "" {
				fixes = append(fixes, p.Replace("write the whole path", true, step.Args.Span(0, len(step.Args.Value)), path.Join(step.State.Workdir, dir)))
			}
			p.Report(step.Span, "WORKDIR "+dir+" depends on the WORKDIR before it", fixes...)
		}
	},
})
