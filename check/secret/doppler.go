package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("doppler-personal-token", "Doppler personal token", boltseal.Critical,
		"read every secret that the user can", "dashboard.doppler.com", "gitleaks:doppler-api-token", "trivy:doppler-api-token"),
	Keywords: []string{"dp.pt."}, Token: `dp\.pt\.[0-9A-Za-z]{40,44}`,
})

var _ = add(Detector{
	Check: kind("doppler-service-token", "Doppler service token", boltseal.Critical,
		"read the secrets of a configuration", "dashboard.doppler.com"),
	Keywords: []string{"dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."}, Token: `dp\.(?:st|ct|sa|scim|audit)\.(?:[0-9a-z_-]{2,35}\.)?[0-9A-Za-z]{40,44}`,
})
