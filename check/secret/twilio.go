package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("twilio-secret", "Twilio token or API key", boltseal.High,
		"call and send messages at the account's cost, and read them", "console.twilio.com", "gitleaks:twilio-api-key", "trivy:twilio-api-key"),
	Keywords: []string{"twilio"}, Fold: true,
	Name:  []string{"token", "secret", "key"},
	Value: `(?:SK)?[0-9a-f]{32}`, Rank: ByName,
})
