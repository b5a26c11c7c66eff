package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("sumologic-access-key", "Sumo Logic access key", boltseal.High,
		"read logs", "service.sumologic.com", "gitleaks:sumologic-access-token"),
	Keywords: []string{"sumo"}, Fold: true,
	Name:  []string{"key"},
	Value: `[0-9A-Za-z]{64}`, Rank: ByName,
})
