package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("okta-token", "Okta API token", boltseal.Critical,
		"read and change users and applications", "the organization, Security, API", "gitleaks:okta-access-token"),
	Keywords: []string{"okta"}, Fold: true,
	Name:  []string{"token", "key"},
	Value: `00[0-9A-Za-z_-]{40}`, Rank: ByName,
})
