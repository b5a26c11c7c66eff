package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mailjet-secret", "Mailjet secret key", boltseal.High,
		"send mail", "app.mailjet.com"),
	Keywords: []string{"mailjet", "mj_apikey"}, Fold: true,
	Name:  []string{"secret", "private"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})
