package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("vercel-token", "Vercel token", boltseal.High,
		"change and deploy projects and read their environment", "vercel.com/account/tokens"),
	Keywords: []string{"vercel_token", "vercel_api"}, Fold: true,
	Value: `[0-9A-Za-z]{24}`, Rank: ByName,
})
