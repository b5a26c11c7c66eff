package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("snyk-token", "Snyk API token", boltseal.Medium,
		"read the organization's results and code snippets", "app.snyk.io/account", "gitleaks:snyk-api-token"),
	Keywords: []string{"snyk"}, Fold: true,
	Name:  []string{"token", "key"},
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
