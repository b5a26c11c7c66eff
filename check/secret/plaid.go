package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("plaid-access-token", "Plaid access token", boltseal.Critical,
		"read a customer's bank accounts", "dashboard.plaid.com", "gitleaks:plaid-api-token", "trivy:plaid-api-token"),
	Keywords: []string{"access-production-", "access-development-"}, Token: `access-(?:production|development)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
})

var _ = add(Detector{
	Check: kind("plaid-secret", "Plaid secret", boltseal.High,
		"read customers' bank accounts", "dashboard.plaid.com", "gitleaks:plaid-secret-key"),
	Keywords: []string{"plaid"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9a-z]{30}`, Rank: ByName,
})
