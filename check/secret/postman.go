package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("postman-api-key", "Postman API key", boltseal.High,
		"read collections and environments, with the credentials in them", "go.postman.co/settings/me/api-keys", "gitleaks:postman-api-token", "trivy:postman-api-token"),
	Keywords: []string{"PMAK-"}, Token: `PMAK-[0-9a-f]{24}-[0-9a-f]{34}`,
})
