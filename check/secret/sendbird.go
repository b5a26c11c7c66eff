package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("sendbird-token", "Sendbird token", boltseal.Medium,
		"read and write as the application", "dashboard.sendbird.com", "gitleaks:sendbird-access-token"),
	Keywords: []string{"sendbird"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
