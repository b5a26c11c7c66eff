package image

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/duplicate-id", Title: "accounts that share a user id", Severity: boltseal.Medium,
		Aliases: []string{"dockle:DKL-LI-0002"},
		Doc: `The kernel knows numbers only: accounts of one number are one user, and a second one of number 0 is a second root, perhaps with another password.
Give each account a number of its own.`,
	},
	Run: func(p *Pass) {
		first := map[string]string{}
		for _, a := range p.accounts() {
			if other, again := first[a.uid]; again && other != a.name {
				p.Report("the accounts "+other+" and "+a.name+" share the user id "+a.uid, a.uid+" "+a.name)
				continue
			}
			first[a.uid] = a.name
		}
	},
})
