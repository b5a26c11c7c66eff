package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("jenkins-token", "Jenkins API token", boltseal.High,
		"read and start jobs, with their credentials", "the instance, user, Security"),
	Keywords: []string{"jenkins"}, Fold: true,
	Name:  []string{"token"},
	Value: `11[0-9a-f]{32}`, Rank: ByName,
})
