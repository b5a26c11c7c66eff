package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("sourcegraph-token", "Sourcegraph access token", boltseal.High,
		"read all code that the user can", "the instance, Access tokens", "gitleaks:sourcegraph-access-token"),
	Keywords: []string{"sgp_"}, Token: `sgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}`,
})
