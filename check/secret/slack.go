package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("slack-bot-token", "Slack bot token", boltseal.High,
		"read and write in the channels that the bot is in", "api.slack.com/apps", "gitleaks:slack-bot-token", "trivy:slack-access-token"),
	Keywords: []string{"xoxb-"}, Token: `xoxb-[0-9]{9,14}-(?:[0-9]{9,14}-)?[0-9A-Za-z-]{18,40}`,
})

var _ = add(Detector{
	Check: kind("slack-user-token", "Slack user token", boltseal.High,
		"read and write as the user", "api.slack.com/apps", "gitleaks:slack-user-token"),
	Keywords: []string{"xoxp-", "xoxe.xoxp-"}, Token: `xox(?:e\.xox)?p-(?:[0-9]-)?[0-9A-Za-z-]{28,200}`,
})

var _ = add(Detector{
	Check: kind("slack-app-token", "Slack app-level token", boltseal.High,
		"open sockets as the application", "api.slack.com/apps", "gitleaks:slack-app-token"),
	Keywords: []string{"xapp-"}, Token: `xapp-[0-9]-[0-9A-Z]{8,12}-[0-9]{9,14}-[0-9a-f]{60,70}`,
})

var _ = add(Detector{
	Check: kind("slack-refresh-token", "Slack configuration refresh token", boltseal.High,
		"change the user's applications", "api.slack.com/apps", "gitleaks:slack-config-refresh-token"),
	Keywords: []string{"xoxe-"}, Token: `xoxe-[0-9]-[0-9A-Za-z]{140,170}`,
})

var _ = add(Detector{
	Check: kind("slack-legacy-token", "Slack token of the old form", boltseal.High,
		"read and write in the workspace", "api.slack.com/legacy/custom-integrations", "gitleaks:slack-legacy-token"),
	Keywords: []string{"xoxa-", "xoxr-", "xoxs-", "xoxo-"}, Token: `xox[arso]-(?:[0-9]-)?[0-9A-Za-z-]{28,90}`,
})

var _ = add(Detector{
	Check: kind("slack-webhook", "Slack webhook", boltseal.Medium,
		"write into a channel", "api.slack.com/apps", "gitleaks:slack-webhook-url", "trivy:slack-web-hook"),
	Keywords: []string{"hooks.slack.com/"}, Token: `hooks\.slack\.com/(?:services/T[0-9A-Z]{6,12}/B[0-9A-Z]{6,12}/[0-9A-Za-z]{20,26}|(?:workflows|triggers)/[0-9A-Za-z/+]{40,60})`,
})
