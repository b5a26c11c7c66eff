package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("prefect-key", "Prefect API key", boltseal.Medium,
		"run and change flows", "app.prefect.cloud/my/api-keys", "gitleaks:prefect-api-token"),
	Keywords: []string{"pnu_"}, Token: `pnu_[0-9A-Za-z]{36}`,
})
