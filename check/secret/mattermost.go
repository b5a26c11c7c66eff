package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mattermost-token", "Mattermost access token", boltseal.Medium,
		"read and write as the user", "the instance, Security", "gitleaks:mattermost-access-token"),
	Keywords: []string{"mattermost"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-z]{26}`, Rank: ByName,
})
