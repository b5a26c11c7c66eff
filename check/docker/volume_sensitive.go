package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/volume-sensitive", Title: "VOLUME names what belongs to the host or the system", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.6"},
		Aliases:  []string{"dockle:DKL-DI-0002", "semgrep:dockerfile-dockerd-socket-mount"},
		Doc: `A volume on a folder of the system invites people to mount the host's own there, and one on the engine's socket is a key to the whole
host. Use a folder that holds nothing but the application's data.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("VOLUME") {
			words := step.Words
			if step.IsJSON() {
				words = step.JSON
			}
			for _, w := range words {
				switch at := path.Clean(strings.Trim(w.Text, `"'`)); at {
				case "/", "/etc", "/proc", "/sys", "/dev", "/boot", "/usr", "/bin", "/lib", "/run", "/var/run", "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/var/lib/docker":
					p.Report(step.Span, "a volume on "+at+" opens the system to whoever mounts it")
				}
			}
		}
	},
})
