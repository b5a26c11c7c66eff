package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("linode-token", "Linode token", boltseal.High,
		"act in the account", "cloud.linode.com/profile/tokens"),
	Keywords: []string{"linode"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{64}`, Rank: ByName,
})
