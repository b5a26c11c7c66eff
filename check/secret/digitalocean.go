package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("digitalocean-token", "DigitalOcean personal access token", boltseal.Critical,
		"act in the account", "cloud.digitalocean.com/account/api", "gitleaks:digitalocean-pat"),
	Keywords: []string{"dop_v1_"}, Token: `dop_v1_[0-9a-f]{64}`,
})

var _ = add(Detector{
	Check: kind("digitalocean-oauth-token", "DigitalOcean OAuth token", boltseal.High,
		"act in the account", "cloud.digitalocean.com/account/api", "gitleaks:digitalocean-access-token"),
	Keywords: []string{"doo_v1_"}, Token: `doo_v1_[0-9a-f]{64}`,
})

var _ = add(Detector{
	Check: kind("digitalocean-refresh-token", "DigitalOcean refresh token", boltseal.High,
		"get new tokens for the account", "cloud.digitalocean.com/account/api", "gitleaks:digitalocean-refresh-token"),
	Keywords: []string{"dor_v1_"}, Token: `dor_v1_[0-9a-f]{64}`,
})

var _ = add(Detector{
	Check: kind("digitalocean-spaces-key", "DigitalOcean Spaces key", boltseal.Medium,
		"tell the account and, with the secret, read its objects", "cloud.digitalocean.com/spaces"),
	Keywords: []string{"DO00"}, Token: `DO00[0-9A-Z]{16}`,
})
