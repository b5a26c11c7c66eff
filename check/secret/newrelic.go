package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("newrelic-user-key", "New Relic user key", boltseal.High,
		"read all data of the account", "one.newrelic.com/api-keys", "gitleaks:new-relic-user-api-key", "trivy:new-relic-user-api-key"),
	Keywords: []string{"NRAK-"}, Token: `NRAK-[0-9A-Z]{27}`,
})

var _ = add(Detector{
	Check: kind("newrelic-insert-key", "New Relic insert key", boltseal.Medium,
		"send data in the name of the account", "one.newrelic.com/api-keys", "gitleaks:new-relic-insert-key"),
	Keywords: []string{"NRII-"}, Token: `NRII-[0-9A-Za-z_-]{32}`,
})

var _ = add(Detector{
	Check: kind("newrelic-license-key", "New Relic license key", boltseal.Medium,
		"send data in the name of the account", "one.newrelic.com/api-keys"),
	Keywords: []string{"NRAL"}, Token: `[0-9a-f]{36}NRAL`, Lead: 36,
})
