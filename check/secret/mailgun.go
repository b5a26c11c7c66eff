package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mailgun-private-key", "Mailgun private key", boltseal.High,
		"send and read mail in the name of the account", "app.mailgun.com", "gitleaks:mailgun-private-api-token", "trivy:mailgun-private-api-token"),
	Keywords: []string{"key-"}, Token: `key-[0-9a-f]{32}`,
})
