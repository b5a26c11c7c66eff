package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("algolia-admin-key", "Algolia API key", boltseal.Medium,
		"read and change the indexes, if it is an admin key", "dashboard.algolia.com/account/api-keys", "gitleaks:algolia-api-key"),
	Keywords: []string{"algolia"}, Fold: true,
	Name:  []string{"admin", "secret", "write"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})
