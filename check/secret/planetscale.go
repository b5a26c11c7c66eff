package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("planetscale-password", "PlanetScale database password", boltseal.High,
		"read and change the database", "app.planetscale.com", "gitleaks:planetscale-password", "trivy:planetscale-password"),
	Keywords: []string{"pscale_pw_"}, Token: `pscale_pw_[0-9A-Za-z_.=-]{32,64}`,
})

var _ = add(Detector{
	Check: kind("planetscale-token", "PlanetScale service token", boltseal.High,
		"change databases and branches", "app.planetscale.com", "gitleaks:planetscale-api-token", "trivy:planetscale-api-token"),
	Keywords: []string{"pscale_tkn_"}, Token: `pscale_tkn_[0-9A-Za-z_.=-]{32,64}`,
})

var _ = add(Detector{
	Check: kind("planetscale-oauth-token", "PlanetScale OAuth token", boltseal.High,
		"act as the user", "app.planetscale.com", "gitleaks:planetscale-oauth-token"),
	Keywords: []string{"pscale_oauth_"}, Token: `pscale_oauth_[0-9A-Za-z_.=-]{32,64}`,
})
