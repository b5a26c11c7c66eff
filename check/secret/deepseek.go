package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("deepseek-api-key", "DeepSeek API key", boltseal.High,
		"run models on the account, at its cost", "platform.deepseek.com/api_keys"),
	Keywords: []string{"deepseek"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `sk-[0-9a-f]{32}`, Rank: ByName,
})
