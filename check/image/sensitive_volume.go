package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/sensitive-volume", Title: "volume over a system directory", Severity: boltseal.Medium,
		Aliases: []string{"dockle:DKL-DI-0002"},
		Doc: `A VOLUME over a system directory makes its files writable and keeps them when the container goes, so that what was changed there comes back; one
over the engine's socket gives the machine away. Mount only the directories that hold the program's own data.`,
	},
	Run: func(p *Pass) {
		for volume := range p.Config.Config.Volumes {
			if clean := strings.TrimRight(volume, "/"); systemDirs[clean] || strings.HasSuffix(clean, "docker.sock") {
				p.Report("VOLUME "+volume+" lies over the system's own files", volume)
			}
		}
	},
})

var systemDirs = map[string]bool{
	"": true, "/bin": true, "/boot": true, "/dev": true, "/etc": true, "/lib": true, "/proc": true, "/root": true, "/run": true, "/sbin": true, "/sys": true, "/usr": true, "/var": true, "/var/run": true, "/usr/bin": true, "/usr/lib": true, "/var/lib/docker": true,
}
