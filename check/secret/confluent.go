package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("confluent-api-secret", "Confluent Cloud API secret", boltseal.High,
		"read and write topics", "confluent.cloud", "gitleaks:confluent-secret-key"),
	Keywords: []string{"confluent"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9A-Za-z/+]{64}`, Rank: ByName,
})
