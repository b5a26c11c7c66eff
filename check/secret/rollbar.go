package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("rollbar-token", "Rollbar access token", boltseal.Medium,
		"read or send events", "rollbar.com"),
	Keywords: []string{"rollbar"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})
