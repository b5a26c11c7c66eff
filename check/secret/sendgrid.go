package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("sendgrid-api-key", "SendGrid API key", boltseal.High,
		"send mail in the name of the account", "app.sendgrid.com/settings/api_keys", "gitleaks:sendgrid-api-token", "trivy:sendgrid-api-token"),
	Keywords: []string{"SG."}, Token: `SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}`,
})
