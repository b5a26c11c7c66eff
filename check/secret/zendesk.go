package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("zendesk-token", "Zendesk API token", boltseal.High,
		"read and change the customers' tickets", "the instance, Admin Center", "gitleaks:zendesk-secret-key"),
	Keywords: []string{"zendesk"}, Fold: true,
	Name:  []string{"token", "key", "secret"},
	Value: `[0-9A-Za-z]{40}`, Rank: ByName,
})
