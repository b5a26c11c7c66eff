package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("posthog-personal-key", "PostHog personal API key", boltseal.Medium,
		"read and change the analytics", "app.posthog.com"),
	Keywords: []string{"phx_"}, Token: `phx_[0-9A-Za-z]{43,48}`,
})
