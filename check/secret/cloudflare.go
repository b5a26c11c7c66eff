package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("cloudflare-api-token", "Cloudflare API token", boltseal.High,
		"change the account's names, certificates and workers, as far as its permissions go", "dash.cloudflare.com/profile/api-tokens", "gitleaks:cloudflare-api-key"),
	Keywords: []string{"cloudflare", "cf_api", "cf_token"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9A-Za-z_-]{40}`, Rank: ByName,
})

var _ = add(Detector{
	Check: kind("cloudflare-global-key", "Cloudflare global API key", boltseal.Critical,
		"do all that the account may do", "dash.cloudflare.com/profile/api-tokens", "gitleaks:cloudflare-global-api-key"),
	Keywords: []string{"cloudflare", "cf_api"}, Fold: true,
	Name:  []string{"key"},
	Value: `[0-9a-f]{37}`, Rank: ByName,
})

var _ = add(Detector{
	Check: kind("cloudflare-origin-ca-key", "Cloudflare origin CA key", boltseal.High,
		"make certificates for the account's origins", "dash.cloudflare.com/profile/api-tokens", "gitleaks:cloudflare-origin-ca-key"),
	Keywords: []string{"v1.0-"}, Token: `v1\.0-[0-9a-f]{24}-[0-9a-f]{146}`,
})
