package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("exoscale-api-key", "Exoscale API key", boltseal.Medium,
		"tell the account and, with the secret, act in it", "portal.exoscale.com"),
	Keywords: []string{"EXO"}, Token: `EXO[0-9a-f]{24}`,
})
