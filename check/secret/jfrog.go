package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("artifactory-api-key", "Artifactory API key", boltseal.Critical,
		"publish artifacts that others install", "the instance, User profile", "gitleaks:artifactory-api-key"),
	Keywords: []string{"AKCp"}, Token: `AKCp[0-9A-Za-z]{69}`,
})

var _ = add(Detector{
	Check: kind("artifactory-reference-token", "Artifactory reference token", boltseal.Critical,
		"publish artifacts that others install", "the instance, Access tokens", "gitleaks:artifactory-reference-token"),
	Keywords: []string{"cmVmdGtu"}, Token: `cmVmdGtu[0-9A-Za-z]{56}`,
})
