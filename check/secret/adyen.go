package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("adyen-api-key", "Adyen API key", boltseal.Critical,
		"take and refund payments", "ca-live.adyen.com"),
	Keywords: []string{"adyen"}, Fold: true,
	Name:  []string{"key"},
	Value: `AQE[!-~]{60,300}`, Rank: ByName,
})
