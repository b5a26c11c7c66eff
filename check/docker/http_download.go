package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/http-download", Title: "a download goes over plain HTTP", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.11"},
		Doc:      `Anybody on the way can change what plain HTTP brings, and the build would not see it. Use https, and compare a checksum.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if c.Name != "curl" && c.Name != "wget" && c.Name != "git" || step.verified {
					continue
				}
				for _, w := range c.Args[1:] {
					if strings.HasPrefix(w.Text, "http://") && !localAddress(w.Text) {
						p.Report(c.Span, w.Text+" comes without protection on the way")
						break
					}
				}
			}
		}
	},
})

func localAddress(s string) bool {
	host := strings.TrimPrefix(s, "http://")
	return strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "[::1]") || strings.HasPrefix(host, "$")
}
