package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("travis-token", "Travis CI token", boltseal.High,
		"read and start builds, with their variables", "app.travis-ci.com/account/preferences", "gitleaks:travisci-access-token"),
	Keywords: []string{"travis"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9A-Za-z_-]{22}`, Rank: ByName,
})
