package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("cerebras-api-key", "Cerebras API key", boltseal.Medium,
		"run models on the account", "cloud.cerebras.ai"),
	Keywords: []string{"csk-"}, Token: `csk-[0-9a-z]{48}`,
})
