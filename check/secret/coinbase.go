package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("coinbase-secret", "Coinbase API secret", boltseal.Critical,
		"trade and move money", "coinbase.com/settings/api", "gitleaks:coinbase-access-token"),
	Keywords: []string{"coinbase"}, Fold: true,
	Name:  []string{"secret", "key", "token"},
	Value: `[0-9A-Za-z_-]{64}`, Rank: ByName,
})
