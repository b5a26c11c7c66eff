package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/wget-progress", Title: "wget fills the log with progress bars", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3047"},
		Doc: `Without a terminal wget writes a line for every 50 kB: the log of a build grows by megabytes, and nobody finds the error in it. Give -q,
-nv or --progress=dot:giga.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Commands("wget") {
			if c.Flagged('q', "--quiet", "--no-verbose", "-nv", "--progress", "-o", "--output-file", "-a", "--append-output", "--version", "--help") {
				continue
			}
			var fixes []boltseal.Fix
			if pm := step.In.BaseImage().PM; pm == "apt" || pm == "dnf" || pm == "yum" || pm == "zypper" {
				fixes = append(fixes, p.Insert("give --progress=dot:giga", true, c.Args[0].Span.End, " --progress=dot:giga"))
			}
			p.Report(c.Span, "wget writes progress bars into the log", fixes...)
		}
	},
})
