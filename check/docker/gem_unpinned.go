package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/gem-unpinned", Title: "gem takes whatever version there is", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3028"},
		Doc:     `gem install without a version takes the newest: two builds of one commit differ. Write name:version or give --version.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("gem") {
			sub, rest := c.Sub()
			if sub.Text != "install" && sub.Text != "i" || c.Flagged('v', "--version", "-v", "--file", "-g") {
				continue
			}
			skip := false
			for _, w := range rest {
				if skip || strings.HasPrefix(w.Text, "-") {
					skip = !skip && (w.Text == "-n" || w.Text == "--bindir" || w.Text == "-i" || w.Text == "--install-dir" || w.Text == "--source" || w.Text == "-s" || w.Text == "--platform")
					continue
				}
				if !strings.ContainsAny(w.Text, ":$/") && !strings.HasSuffix(w.Text, ".gem") {
					p.Report(c.Span, "the version of "+w.Text+" is left open")
					break
				}
			}
		}
	},
})
