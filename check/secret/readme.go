package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("readme-key", "ReadMe API key", boltseal.Low,
		"change the documentation", "dash.readme.com", "gitleaks:readme-api-token"),
	Keywords: []string{"rdme_"}, Token: `rdme_[0-9a-z]{70,72}`,
})
