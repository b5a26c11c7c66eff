package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/root-user", Title: "container runs as root", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.1"},
		Aliases:  []string{"dockle:CIS-DI-0001", "docker-scout:default-non-root-user", "trivy:DS-0002"},
		Doc: `A process that breaks out of the program breaks out as root of the container, which owns every file in it and is one kernel or mount mistake
away from root of the machine. Make a user and name it by number: USER 65532:65532. Files that the program writes must belong to it.`,
	},
	Run: func(p *Pass) {
		user, _, _ := strings.Cut(p.Config.Config.User, ":")
		switch {
		case user == "":
			p.Report("no USER is set, so the container runs as root", "")
		case user == "root" || strings.Trim(user, "0") == "":
			p.Report("USER "+user+" is root", "")
		default:
			for _, a := range p.accounts() {
				if a.name == user && a.uid == "0" {
					p.Report("USER "+user+" has the user id 0 in etc/passwd", "")
				}
			}
		}
	},
})
