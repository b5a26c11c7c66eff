package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("rancher-token", "Rancher API token", boltseal.Critical,
		"act in the clusters as the user", "Rancher, Account & API keys"),
	Keywords: []string{"token-"}, Token: `token-[0-9a-z]{5}:[0-9a-z]{54}`,
})
