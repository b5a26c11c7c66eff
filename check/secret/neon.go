package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("neon-api-key", "Neon API key", boltseal.High,
		"change projects and read their databases", "console.neon.tech"),
	Keywords: []string{"napi_"}, Token: `napi_[0-9a-z]{64}`,
})
