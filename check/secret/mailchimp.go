package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mailchimp-api-key", "Mailchimp API key", boltseal.High,
		"read the lists and send mail", "admin.mailchimp.com/account/api", "gitleaks:mailchimp-api-key", "trivy:mailchimp-api-key"),
	Keywords: []string{"-us"}, Token: `[0-9a-f]{32}-us[0-9]{1,2}`, Lead: 32,
})
