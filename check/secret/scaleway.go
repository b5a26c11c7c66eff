package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("scaleway-access-key", "Scaleway access key", boltseal.Medium,
		"tell the account and, with the secret key, act in it", "console.scaleway.com/iam"),
	Keywords: []string{"SCW"}, Token: `SCW[0-9A-Z]{17}`,
})

var _ = add(Detector{
	Check: kind("scaleway-secret-key", "Scaleway secret key", boltseal.High,
		"act in the account", "console.scaleway.com/iam", "gitleaks:scaleway-token"),
	Keywords: []string{"scw_secret", "scaleway"}, Fold: true,
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
