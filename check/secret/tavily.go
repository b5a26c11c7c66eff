package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("tavily-api-key", "Tavily API key", boltseal.Medium,
		"search on the account", "app.tavily.com"),
	Keywords: []string{"tvly-"}, Token: `tvly-(?:dev-|prod-)?[0-9A-Za-z]{32}`,
})
