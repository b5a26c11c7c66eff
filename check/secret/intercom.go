package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("intercom-token", "Intercom access token", boltseal.High,
		"read the customers' conversations", "app.intercom.com", "gitleaks:intercom-api-key"),
	Keywords: []string{"intercom"}, Fold: true,
	Name:  []string{"token", "key"},
	Value: `[0-9A-Za-z_=-]{60}`, Rank: ByName,
})
