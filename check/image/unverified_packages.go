package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/unverified-packages", Title: "history installs packages without their signatures", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.11"},
		Doc: `The packages' signatures are what keeps a mirror or whoever sits between from putting software of their own into the image. Add the
repository's key instead of switching the check off.`,
	},
	Run: func(p *Pass) {
		for _, h := range p.Config.History {
			c := command(h.CreatedBy)
			for _, flag := range []string{"--allow-unauthenticated", "--nogpgcheck", "--no-gpg-checks", "--allow-untrusted", "--force-yes", "[trusted=yes]", "--allow-insecure-repositories"} {
				if strings.Contains(c, flag) {
					p.Report("the history has "+flag+": "+clip(c), clip(c))
					break
				}
			}
		}
	},
})
