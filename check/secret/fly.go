package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("fly-token", "Fly.io token", boltseal.High,
		"deploy and enter machines", "fly.io/tokens", "gitleaks:flyio-access-token"),
	Keywords: []string{"fo1_", "fm1r_", "fm1a_", "fm2_"}, Token: `fo1_[0-9A-Za-z_-]{43}|fm(?:1[ra]|2)_[0-9A-Za-z+/]{100,}={0,3}`,
})
