package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("dynatrace-token", "Dynatrace token", boltseal.High,
		"read and change what it was made for", "the environment, Access tokens", "gitleaks:dynatrace-api-token", "trivy:dynatrace-api-token"),
	Keywords: []string{"dt0c01.", "dt0s01.", "dt0s08.", "dt0s16."}, Token: `dt0[cs][0-9]{2}\.[0-9A-Z]{8,24}\.[0-9A-Z]{64}`,
})
