package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("shippo-token", "Shippo token", boltseal.Medium,
		"buy labels at the account's cost", "apps.goshippo.com", "gitleaks:shippo-api-token", "trivy:shippo-api-token"),
	Keywords: []string{"shippo_live_"}, Token: `shippo_live_[0-9a-f]{40}`,
})
