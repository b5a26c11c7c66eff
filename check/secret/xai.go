package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("xai-api-key", "xAI API key", boltseal.High,
		"run models on the account, at its cost", "console.x.ai"),
	Keywords: []string{"xai-"}, Token: `xai-[0-9A-Za-z]{80}`,
})
