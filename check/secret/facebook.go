package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("facebook-app-secret", "Facebook application secret", boltseal.High,
		"pose as the application towards its users", "developers.facebook.com", "gitleaks:facebook-secret", "trivy:facebook-token"),
	Keywords: []string{"facebook", "fb_app"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})
