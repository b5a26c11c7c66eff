package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("ovh-consumer-key", "OVH API key", boltseal.High,
		"act in the account", "eu.api.ovh.com"),
	Keywords: []string{"ovh_"}, Fold: true,
	Name:  []string{"consumer", "application_secret", "app_secret"},
	Value: `[0-9A-Za-z]{32}`, Rank: ByName,
})
