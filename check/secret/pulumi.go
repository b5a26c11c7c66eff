package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("pulumi-token", "Pulumi access token", boltseal.Critical,
		"read state, with the secrets in it, and change infrastructure", "app.pulumi.com/account/tokens", "gitleaks:pulumi-api-token", "trivy:pulumi-api-token"),
	Keywords: []string{"pul-"}, Token: `pul-[0-9a-f]{40}`,
})
