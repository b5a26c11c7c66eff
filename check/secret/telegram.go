package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("telegram-bot-token", "Telegram bot token", boltseal.High,
		"act as the bot and read what it is sent", "BotFather, /revoke", "gitleaks:telegram-bot-api-token"),
	Keywords: []string{":AA"}, Token: `[0-9]{8,10}:AA[0-9A-Za-z_-]{33}`, Lead: 10,
})
