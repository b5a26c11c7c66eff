package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("circleci-token", "CircleCI token", boltseal.High,
		"read and start builds, with their variables", "app.circleci.com/settings/user/tokens"),
	Keywords: []string{"CCIPAT_", "CCIPRJ_"}, Token: `CCIP(?:AT|RJ)_[0-9A-Za-z]{22}_[0-9a-f]{40}`,
})

var _ = add(Detector{
	Check: kind("circleci-legacy-token", "CircleCI token of the old form", boltseal.High,
		"read and start builds, with their variables", "app.circleci.com/settings/user/tokens"),
	Keywords: []string{"circle"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
