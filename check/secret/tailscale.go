package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("tailscale-key", "Tailscale key", boltseal.High,
		"join machines to the network or change it", "login.tailscale.com/admin/settings/keys"),
	Keywords: []string{"tskey-"}, Token: `tskey-(?:auth|api|client|scim|webhook)-[0-9A-Za-z]{6,20}(?:CNTRL)?-[0-9A-Za-z]{20,40}`,
})
