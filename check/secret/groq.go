package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("groq-api-key", "Groq API key", boltseal.High,
		"run models on the account", "console.groq.com/keys"),
	Keywords: []string{"gsk_"}, Token: `gsk_[0-9A-Za-z]{52}`,
})
