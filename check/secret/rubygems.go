package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("rubygems-api-key", "RubyGems API key", boltseal.Critical,
		"publish gems that others install", "rubygems.org/profile/api_keys", "gitleaks:rubygems-api-token", "trivy:rubygems-api-token"),
	Keywords: []string{"rubygems_"}, Token: `rubygems_[0-9a-f]{48}`,
})
