package image

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/empty-password", Title: "account without a password", Severity: boltseal.High,
		Aliases: []string{"dockle:DKL-LI-0001"},
		Doc: `Nothing is asked of whoever logs in to the account, through su, a console or an SSH server that allows it. Alpine shipped images so (CVE-2019-5021).
Lock the account: RUN passwd -l NAME, or put an ! or * into the second field.`,
	},
	Run: func(p *Pass) {
		for _, a := range p.accounts() {
			if a.known && a.password == "" && login(a.shell) {
				p.Report("the account "+a.name+" has no password and can log in", a.name)
			}
		}
	},
})
