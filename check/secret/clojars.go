package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("clojars-token", "Clojars deploy token", boltseal.Critical,
		"publish packages that others install", "clojars.org/tokens", "gitleaks:clojars-api-token", "trivy:clojars-api-token"),
	Keywords: []string{"CLOJARS_"}, Token: `CLOJARS_[0-9a-f]{60}`,
})
