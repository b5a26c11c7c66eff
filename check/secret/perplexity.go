package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("perplexity-api-key", "Perplexity API key", boltseal.High,
		"run models on the account, at its cost", "perplexity.ai/settings/api", "gitleaks:perplexity-api-key"),
	Keywords: []string{"pplx-"}, Token: `pplx-[0-9A-Za-z]{48}`,
})
