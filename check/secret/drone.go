package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("drone-token", "Drone CI token", boltseal.High,
		"read and start builds, with their variables", "the instance, User settings", "gitleaks:droneci-access-token"),
	Keywords: []string{"drone_"}, Fold: true,
	Name:  []string{"token", "secret"},
	Value: `[0-9A-Za-z]{32}`, Rank: ByName,
})
