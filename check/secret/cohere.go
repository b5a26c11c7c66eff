package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("cohere-api-key", "Cohere API key", boltseal.High,
		"run models on the account, at its cost", "dashboard.cohere.com/api-keys", "gitleaks:cohere-api-token"),
	Keywords: []string{"cohere", "co_api_key"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9A-Za-z]{40}`, Rank: ByName,
})
