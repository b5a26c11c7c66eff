package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/platform-const", Title: "the base image is tied to one platform", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3029", "buildkit:FromPlatformFlagConstDisallowed", "semgrep:avoid-platform-with-from"},
		Doc: `A platform written into FROM is taken on every machine: on another one the image runs under emulation, or not at all, and a build for
several platforms gives the same one each time. Leave it to the builder, or write $BUILDPLATFORM for a stage that compiles for another.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			flag, ok := s.From.Flag("platform")
			if !ok || strings.ContainsRune(flag.Value.Text, '$') || flag.Value.Text == "" {
				continue
			}
			named := slices.ContainsFunc(strings.Split(flag.Value.Text, "/"), func(part string) bool { return len(part) > 2 && strings.Contains(s.Name, part) })
			if !named {
				p.Report(flag.Span, "the base image is "+flag.Value.Text+" on every machine")
			}
		}
	},
})
