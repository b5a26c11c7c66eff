package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("square-access-token", "Square access token", boltseal.Critical,
		"take payments and read the account's customers", "developer.squareup.com/apps", "gitleaks:square-access-token"),
	Keywords: []string{"sq0atp-"}, Token: `sq0atp-[0-9A-Za-z_-]{22}`,
})

var _ = add(Detector{
	Check: kind("square-production-token", "Square production access token", boltseal.Critical,
		"take payments and read the account's customers", "developer.squareup.com/apps"),
	Keywords: []string{"EAAA"}, Token: `EAAA[lE][0-9A-Za-z_-]{59}`, Entropy: 4,
})

var _ = add(Detector{
	Check: kind("square-client-secret", "Square application secret", boltseal.High,
		"pose as the application towards its sellers", "developer.squareup.com/apps"),
	Keywords: []string{"sq0csp-"}, Token: `sq0csp-[0-9A-Za-z_-]{43}`,
})
