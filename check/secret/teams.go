package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("teams-webhook", "Microsoft Teams webhook", boltseal.Medium,
		"write into a channel", "the channel, Connectors", "gitleaks:microsoft-teams-webhook"),
	Keywords: []string{"webhook.office.com/webhookb2/"}, Token: `webhook\.office\.com/webhookb2/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}@[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/IncomingWebhook/[0-9a-z]{32}/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
})
