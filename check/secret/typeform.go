package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("typeform-token", "Typeform token", boltseal.Medium,
		"read forms' answers", "admin.typeform.com/user/tokens", "gitleaks:typeform-api-token", "trivy:typeform-api-token"),
	Keywords: []string{"tfp_"}, Token: `tfp_[0-9A-Za-z_.=-]{59}`,
})
