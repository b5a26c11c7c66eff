package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mistral-api-key", "Mistral API key", boltseal.High,
		"run models on the account, at its cost", "console.mistral.ai/api-keys"),
	Keywords: []string{"mistral"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9A-Za-z]{32}`, Rank: ByName,
})
