package docker

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/update-alone", Title: "the package index is updated in a layer of its own", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.7"},
		Aliases:  []string{"trivy:DS-0017", "trivy:AVD-DS-0017", "checkov:CKV_DOCKER_5", "dockle:CIS-DI-0007"},
		Doc: `The builder keeps a layer as long as its line is the same. An update alone is then never run again, and an install in a later line works with
an index of long ago: it misses security updates, or fails. Update and install in one RUN.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			update, installs := (*dockerfile.Command)(nil), false
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				sub, _ := c.Sub()
				switch {
				case sub.Text == "update" && (c.Name == "apt-get" || c.Name == "apt" || c.Name == "apk"):
					update = c
				case sub.Text == "install", sub.Text == "add", sub.Text == "upgrade", sub.Text == "dist-upgrade", sub.Text == "full-upgrade", sub.Text == "build-dep":
					installs = true
				}
			}
			if update != nil && !installs && len(step.Heredocs) == 0 && !hasMount(step, "/var/lib/apt/lists") {
				p.Report(update.Span, update.Name+" update without an install in the same RUN goes stale in the builder's cache", p.joinNext(step, update)...)
			}
		}
	},
})

// joinNext is the fix that makes one RUN of an update and the install with
// the same program that follows it directly.
func (p *Pass) joinNext(step *Step, update *dockerfile.Command) []boltseal.Fix {
	next := step.In.Steps[step.at+1]
	last, ok := chainEnd(step)
	if next.Name != "RUN" || !ok || last != update || len(next.Flags) > 0 || len(step.Flags) > 0 || len(next.Heredocs) > 0 || next.IsJSON() || len(next.Above) > 0 ||
		len(next.Script.Commands) == 0 || next.Script.Error != nil || len(next.Script.Commands[0].Assign) > 0 {
		return nil
	}
	c := &next.Script.Commands[0]
	sub, _ := c.Sub()
	if c.Name != update.Name || c.Nested || c.Sudo || sub.Text != "install" && sub.Text != "add" || c.Span.Start != next.Args.Offset(0) {
		return nil
	}
	for i := range next.Script.Commands {
		if next.Script.Commands[i].Or {
			return nil
		}
	}
	return []boltseal.Fix{p.Replace("update and install in one RUN", true, boltseal.Span{Start: last.Span.End, End: c.Span.Start}, " && ")}
}
