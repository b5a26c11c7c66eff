package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("ngrok-token", "ngrok token", boltseal.Medium,
		"open tunnels in the account", "dashboard.ngrok.com"),
	Keywords: []string{"ngrok"}, Fold: true,
	Name:  []string{"token", "key"},
	Value: `[0-9A-Za-z]{27}_[0-9A-Za-z]{15,25}`, Rank: ByName,
})
