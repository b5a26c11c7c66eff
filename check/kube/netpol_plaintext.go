package kube

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
)

// readable are protocols that everyone on the way can read and change, and
// those that took their place.
var readable = map[int]string{
	21: "FTP, in place of which there is SFTP", 23: "Telnet, in place of which there is SSH", 80: "HTTP, in place of which there is HTTPS on 443",
	110: "POP3, in place of which there is port 995", 143: "IMAP, in place of which there is port 993", 389: "LDAP, in place of which there is port 636",
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-plaintext", Title: "egress out of the cluster that anyone can read", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.3.2 NSA/network-policies"),
		Doc: `The rule lets pods talk to addresses outside over a protocol without encryption: whoever is on the way reads tokens and changes answers, be it a package that is
installed or a script that is run. It is also the port that leads to the cloud's metadata service. Allow the encrypted one alone.`,
	},
	Run: func(p *Pass) {
		for r := range p.network().rules() {
			if r.dir != netpol.Outbound || !r.leadsOutside() {
				continue
			}
			for i := range r.Ports {
				q := &r.Ports[i]
				if what := readable[q.Number]; what != "" && q.Protocol == netpol.TCP && (q.End == 0 || q.End == q.Number) {
					p.Report(r.object, nearest(r.port(i), "port"), fmt.Sprintf("port %d to addresses outside is %s", q.Number, what))
				}
			}
		}
	},
})

// leadsOutside tells whether a rule has peers at public addresses.
func (r *policyRule) leadsOutside() bool {
	return len(r.Peers) == 0 || slices.ContainsFunc(r.Peers, func(q netpol.Peer) bool {
		if q.IPBlock == nil {
			return false
		}
		block, err := netip.ParsePrefix(q.IPBlock.CIDR)
		return err == nil && (block.Bits() <= 1 || !block.Addr().IsPrivate() && !block.Addr().IsLoopback() && !block.Addr().IsLinkLocalUnicast())
	})
}
