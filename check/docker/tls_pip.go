package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-pip", Title: "pip does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_4", "checkov:CKV2_DOCKER_16"},
		Doc:      `With a trusted host pip installs what anybody on the way serves, as root. Give the certificate of the index with --cert or PIP_CERT.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands() {
			_, install := pipInstall(c)
			if (install || pipName().MatchString(c.Name)) && (c.Flagged(0, "--trusted-host") || c.Has("global.trusted-host")) {
				p.Report(c.Span, "pip takes what anybody in the place of the trusted host serves")
			}
		}
		p.envIs("PIP_TRUSTED_HOST", func(value string) bool { return value != "" }, "pip takes what anybody in the place of the trusted host serves")
	},
})

// envIs reports variables of ENV, ARG and RUN that a test finds bad.
func (p *Pass) envIs(name string, bad func(string) bool, message string) {
	for step := range p.All("ENV", "ARG", "RUN") {
		pairs := step.Pairs
		if step.Name == "RUN" {
			for i := range step.Script.Commands {
				pairs = append(pairs, step.Script.Commands[i].Assign...)
				if c := &step.Script.Commands[i]; c.Name == "export" {
					for _, w := range c.Args[1:] {
						key, value, ok := strings.Cut(w.Text, "=")
						pairs = append(pairs, dockerfile.Pair{Key: dockerfile.Word{Text: key, Span: w.Span}, Value: dockerfile.Word{Text: value}, Set: ok})
					}
				}
			}
		}
		for _, pair := range pairs {
			if pair.Key.Text == name && pair.Set && bad(strings.Trim(pair.Value.Text, `"'`)) {
				p.Report(pair.Key.Span, message)
			}
		}
	}
}
