package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("wandb-api-key", "Weights & Biases API key", boltseal.Medium,
		"read and change runs", "wandb.ai/authorize"),
	Keywords: []string{"wandb"}, Fold: true,
	Name:  []string{"key"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
