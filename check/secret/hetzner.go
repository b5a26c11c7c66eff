package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("hetzner-token", "Hetzner Cloud token", boltseal.High,
		"create, read and delete the project's servers", "console.hetzner.cloud, Security"),
	Keywords: []string{"hcloud", "hetzner"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9A-Za-z]{64}`, Rank: ByName,
})
