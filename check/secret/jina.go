package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("jina-api-key", "Jina API key", boltseal.Medium,
		"run models on the account", "jina.ai"),
	Keywords: []string{"jina_"}, Token: `jina_[0-9a-f]{32}[0-9A-Za-z_-]{28}`,
})
