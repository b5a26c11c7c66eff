package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("openrouter-api-key", "OpenRouter API key", boltseal.High,
		"run models on the account, at its cost", "openrouter.ai/keys"),
	Keywords: []string{"sk-or-v1-"}, Token: `sk-or-v1-[0-9a-f]{64}`,
})
