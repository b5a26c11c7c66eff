package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/debug-port", Title: "debugger port is exposed", Severity: boltseal.Low,
		Doc: `A debugger's port runs whatever it is sent, as a rule without asking who sends it. Expose it in an image for development only and start the
program of a production image without its debugger.`,
	},
	Run: func(p *Pass) {
		for port := range p.Config.Config.ExposedPorts {
			number, _, _ := strings.Cut(port, "/")
			if what := debuggers[number]; what != "" {
				p.Report("port "+number+" is that of "+what, number)
			}
		}
	},
})

var debuggers = map[string]string{
	"5005": "Java's debugger", "8000/jdwp": "Java's debugger", "9229": "Node's inspector", "5678": "Python's debugpy", "2345": "Delve", "40000": "Delve", "9000/xdebug": "Xdebug", "9003": "Xdebug", "1234": "gdbserver",
}
