package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("vultr-api-key", "Vultr API key", boltseal.High,
		"act in the account", "my.vultr.com"),
	Keywords: []string{"vultr"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9A-Z]{36}`, Rank: ByName,
})
