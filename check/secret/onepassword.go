package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("onepassword-service-token", "1Password service account token", boltseal.Critical,
		"read the vaults that it was made for", "my.1password.com", "gitleaks:1password-service-account-token"),
	Keywords: []string{"ops_eyJ"}, Token: `ops_eyJ[0-9A-Za-z+/_-]{250,}={0,3}`,
})

var _ = add(Detector{
	Check: kind("onepassword-secret-key", "1Password secret key", boltseal.High,
		"with the password, open the user's vaults", "my.1password.com", "gitleaks:1password-secret-key"),
	Keywords: []string{"A3-"}, Token: `A3-[0-9A-Z]{6}-(?:[0-9A-Z]{11}|[0-9A-Z]{6}-[0-9A-Z]{5})-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}`,
})
