package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("twitch-secret", "Twitch client secret", boltseal.Medium,
		"pose as the application", "dev.twitch.tv/console", "gitleaks:twitch-api-token", "trivy:twitch-api-token"),
	Keywords: []string{"twitch"}, Fold: true,
	Name:  []string{"secret", "token"},
	Value: `[0-9a-z]{30}`, Rank: ByName,
})
