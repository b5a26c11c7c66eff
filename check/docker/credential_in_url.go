package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/credential-in-url", Title: "an address holds a password", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `An instruction's text is in the image's history, in the logs and in the repository: a password in an address is known to everybody who
sees one of them. Replace it, and give it to the build with --mount=type=secret.`,
	},
	Run: func(p *Pass) {
		for _, in := range p.File.Instrs {
			for rest := in.Args.Value; ; {
				_, after, ok := strings.Cut(rest, "://")
				if !ok {
					break
				}
				rest = after
				host := after
				if end := strings.IndexAny(host, "/ \t\n\"'`<>|;&)"); end >= 0 {
					host = host[:end]
				}
				at := strings.LastIndexByte(host, '@')
				if at < 0 {
					continue
				}
				user, password, ok := strings.Cut(host[:at], ":")
				if ok && user != "" && literalSecret(password) && !strings.ContainsAny(password, "{}*") {
					p.Report(in.Span, "the address of "+host[at+1:]+" holds a password")
					break
				}
			}
		}
	},
})
