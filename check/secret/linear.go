package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("linear-api-key", "Linear API key", boltseal.Medium,
		"read and change issues", "linear.app/settings/api", "gitleaks:linear-api-key", "trivy:linear-api-token"),
	Keywords: []string{"lin_api_", "lin_oauth_"}, Token: `lin_(?:api|oauth)_[0-9A-Za-z]{40,64}`,
})
