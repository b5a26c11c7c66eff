package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("easypost-key", "EasyPost API key", boltseal.Medium,
		"buy labels at the account's cost", "app.easypost.com/account/settings", "gitleaks:easypost-api-token", "trivy:easypost-api-token"),
	Keywords: []string{"EZAK"}, Token: `EZAK[0-9A-Za-z]{54}`,
})
