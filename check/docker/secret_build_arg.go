package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-build-arg", Title: "a credential is passed as a build argument", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"hadolint:DL3064", "buildkit:SecretsUsedInArgOrEnv", "trivy:DS-0031", "semgrep:secret-in-build-arg", "dockle:CIS-DI-0010"},
		Doc: `The values of build arguments are recorded in the image's history and in the provenance of the build, and ENV keeps them in the
configuration. Mount the secret for the one RUN that needs it: RUN --mount=type=secret,id=token,env=TOKEN.`,
	},
	Run: func(p *Pass) {
		for step := range p.everyPair("ENV", "ARG") {
			for _, pair := range step.Pairs {
				value := strings.Trim(pair.Value.Text, `"'`)
				passed := step.Name == "ARG" && value == "" || step.Name == "ENV" && strings.HasPrefix(value, "$")
				if secretName(pair.Key.Text) && passed {
					p.Report(pair.Key.Span, step.Name+" "+pair.Key.Text+" keeps what the build is given in the image's history")
				}
			}
		}
	},
})
