package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apt-for-people", Title: "apt is made for people, not for builds", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3027", "checkov:CKV_DOCKER_9", "semgrep:prefer-apt-get"},
		Doc:     `apt warns that its interface is not stable: options and output may change with any release. apt-get does the same and stays as it is.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				sub, _ := c.Sub()
				if c.Name != "apt" || sub.Text == "" {
					continue
				}
				var fixes []boltseal.Fix
				switch sub.Text {
				case "install", "update", "upgrade", "remove", "purge", "autoremove", "clean", "autoclean", "build-dep":
					if c.Args[0].Text == "apt" {
						fixes = append(fixes, p.Replace("use apt-get", true, c.Args[0].Span, "apt-get"))
					}
				}
				p.Report(c.Span, "apt "+sub.Text+" may change with any release; apt-get stays as it is", fixes...)
			}
		}
	},
})
