package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-npm", Title: "npm or yarn does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_12", "checkov:CKV2_DOCKER_13"},
		Doc: `With strict-ssl off npm and yarn install what anybody on the way serves, and run its scripts as root. Name the registry's certificate with
cafile instead.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("npm", "yarn", "pnpm") {
			text := " " + joined(c) + " "
			if strings.Contains(text, " strict-ssl false ") || strings.Contains(text, "strict-ssl=false ") || strings.Contains(text, " --no-strict-ssl ") || strings.Contains(text, " strictSsl false ") || strings.Contains(text, " enableStrictSsl false ") {
				p.Report(c.Span, c.Name+" installs what anybody on the way serves")
			}
		}
		for _, name := range []string{"NPM_CONFIG_STRICT_SSL", "npm_config_strict_ssl", "YARN_ENABLE_STRICT_SSL"} {
			p.envIs(name, func(value string) bool { return value == "false" || value == "0" }, name+" installs what anybody on the way serves")
		}
	},
})
