package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("linkedin-secret", "LinkedIn client secret", boltseal.Medium,
		"pose as the application", "linkedin.com/developers", "gitleaks:linkedin-client-secret", "trivy:linkedin-client-secret"),
	Keywords: []string{"linkedin"}, Fold: true,
	Name:  []string{"secret"},
	Value: `(?:WPL_AP1\.)?[0-9A-Za-z.=]{16,34}`, Rank: ByName,
})
