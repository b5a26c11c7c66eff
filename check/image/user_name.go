package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/user-name", Title: "user is named, not numbered", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3066"},
		Doc: `Kubernetes can hold a container to runAsNonRoot only when it sees a number: with a name it refuses to start the container, because the name may
be root's in the image. Write USER 65532:65532.`,
	},
	Run: func(p *Pass) {
		user, _, _ := strings.Cut(p.Config.Config.User, ":")
		if user != "" && user != "root" && strings.Trim(user, "0123456789") != "" {
			p.Report("USER "+user+" is a name", "")
		}
	},
})
