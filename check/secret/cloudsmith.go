package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("cloudsmith-api-key", "Cloudsmith API key", boltseal.High,
		"read and publish packages", "cloudsmith.io/user/settings/api"),
	Keywords: []string{"cloudsmith"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
