package docker

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/privileged-port", Title: "an unprivileged user is to serve a port below 1024", Severity: boltseal.Low,
		Doc: `Ports below 1024 belong to root on Linux, unless the engine lowers that limit or the process is given NET_BIND_SERVICE, which Kubernetes
cannot do for a user that is not root. Docker lowers the limit by itself; other engines and host networking do not. Serve 8080 or the
like, and map the port outside.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil || final.Windows || p.runtimeUser(final) == "" {
			return
		}
		for step := range p.shipped("EXPOSE") {
			for _, w := range step.Words {
				text, known := step.State.Vars.Expand(w.Text, p.File.Escape)
				port, _, _ := strings.Cut(text, "/")
				if n, err := strconv.Atoi(port); known && err == nil && n > 0 && n < 1024 && n != 22 {
					p.Report(w.Span, "port "+port+" needs root, and the container runs as "+p.runtimeUser(final))
				}
			}
		}
	},
})
