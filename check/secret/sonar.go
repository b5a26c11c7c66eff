package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("sonar-token", "SonarQube token", boltseal.Medium,
		"read code and results and upload analyses", "the instance, Security", "gitleaks:sonar-api-token"),
	Keywords: []string{"squ_", "sqp_", "sqa_"}, Token: `sq[upa]_[0-9a-f]{40}`,
})
