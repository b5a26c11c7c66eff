package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("contentful-token", "Contentful management token", boltseal.Medium,
		"change content", "app.contentful.com/account/profile/cma_tokens"),
	Keywords: []string{"CFPAT-"}, Token: `CFPAT-[0-9A-Za-z_-]{43}`,
})
