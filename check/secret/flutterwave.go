package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("flutterwave-secret-key", "Flutterwave secret key", boltseal.High,
		"take and pay out money", "dashboard.flutterwave.com", "gitleaks:flutterwave-secret-key", "trivy:flutterwave-secret-key"),
	Keywords: []string{"FLWSECK-"}, Token: `FLWSECK-[0-9a-h]{32}-X`,
})
