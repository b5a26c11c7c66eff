package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("duffel-token", "Duffel token", boltseal.Medium,
		"book travel at the account's cost", "app.duffel.com", "gitleaks:duffel-api-token", "trivy:duffel-api-token"),
	Keywords: []string{"duffel_live_"}, Token: `duffel_live_[0-9A-Za-z_=-]{43}`,
})
