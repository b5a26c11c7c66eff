package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("frameio-token", "Frame.io token", boltseal.Medium,
		"read and change videos", "developer.frame.io", "gitleaks:frameio-api-token", "trivy:frameio-api-token"),
	Keywords: []string{"fio-u-"}, Token: `fio-u-[0-9A-Za-z_=-]{64}`,
})
