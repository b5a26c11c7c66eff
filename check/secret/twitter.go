package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("twitter-secret", "X (Twitter) secret", boltseal.High,
		"post and read as the application or the user", "developer.x.com", "gitleaks:twitter-api-secret", "trivy:twitter-token"),
	Keywords: []string{"twitter", "x_api"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9A-Za-z]{45,50}`, Rank: ByName,
})
