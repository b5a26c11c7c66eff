package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("splunk-hec-token", "Splunk event collector token", boltseal.Medium,
		"send events", "the instance, Data inputs"),
	Keywords: []string{"splunk", "hec_token"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
