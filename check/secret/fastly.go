package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("fastly-api-token", "Fastly API token", boltseal.High,
		"change and purge services", "manage.fastly.com/account/personal/tokens", "gitleaks:fastly-api-token"),
	Keywords: []string{"fastly"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9A-Za-z_-]{32}`, Rank: ByName,
})
