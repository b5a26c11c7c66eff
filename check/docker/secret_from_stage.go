package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-from-stage", Title: "credentials of a build stage are copied into another", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `A stage that is thrown away keeps secrets out of the image, until COPY --from takes its home folder or the very file along: .npmrc, .netrc,
.ssh, .docker/config.json and their like are then in a layer that everybody who pulls can read. Copy what was built, by name.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			if _, from := step.Flag("from"); !from {
				continue
			}
			for _, source := range sources(step) {
				name := path.Base(strings.TrimSuffix(source, "/"))
				switch {
				case credentialFile(source) && !strings.HasPrefix(source, "/etc/ssl"), name == ".npmrc", name == ".docker", name == ".kube", name == ".gnupg", name == ".git-credentials":
					p.Report(step.Span, source+" holds credentials, and this layer keeps it")
				case source == "/root" || source == "/root/":
					p.Report(step.Span, "the home folder of root holds what tools stored there, credentials included")
				}
			}
		}
	},
})
