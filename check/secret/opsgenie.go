package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("opsgenie-key", "Opsgenie API key", boltseal.Medium,
		"read and create alerts", "app.opsgenie.com"),
	Keywords: []string{"opsgenie"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
