package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("discord-bot-token", "Discord bot token", boltseal.High,
		"act as the bot in all its servers", "discord.com/developers/applications", "gitleaks:discord-api-token", "trivy:discord-api-token"),
	Keywords: []string{"discord", "bot_token"}, Fold: true,
	Name:  []string{"token"},
	Value: `[MNO][0-9A-Za-z_-]{23,27}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38}`, Rank: ByName,
	Valid: discordToken, Proof: "the id in the first part",
})

var _ = add(Detector{
	Check: kind("discord-webhook", "Discord webhook", boltseal.Medium,
		"write into a channel", "the server, Integrations"),
	Keywords: []string{"discord.com/api/webhooks/", "discordapp.com/api/webhooks/"}, Token: `discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[0-9A-Za-z_-]{60,80}`, Shown: 11,
})
