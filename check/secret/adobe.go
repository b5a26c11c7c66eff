package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("adobe-client-secret", "Adobe client secret", boltseal.High,
		"act as the application", "developer.adobe.com/console", "gitleaks:adobe-client-secret", "trivy:adobe-client-secret"),
	Keywords: []string{"p8e-"}, Token: `p8e-[0-9A-Za-z_-]{32}`, Entropy: 3.4,
})
