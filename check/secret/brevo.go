package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("brevo-api-key", "Brevo API key", boltseal.High,
		"read contacts and send mail", "app.brevo.com/settings/keys", "gitleaks:sendinblue-api-token", "trivy:sendinblue-api-token"),
	Keywords: []string{"xkeysib-", "xsmtpsib-"}, Token: `x(?:key|smtp)sib-[0-9a-f]{64}-[0-9A-Za-z]{16}`,
})
