package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("asana-token", "Asana access token", boltseal.Medium,
		"read and change tasks as the user", "app.asana.com/0/my-apps", "gitleaks:asana-client-secret", "trivy:asana-client-secret"),
	Keywords: []string{"asana"}, Fold: true,
	Name:  []string{"token", "secret", "pat"},
	Value: `(?:[0-9]/[0-9]{15,17}(?:/[0-9]{15,17})?:)?[0-9a-f]{32}`, Rank: ByName,
})
