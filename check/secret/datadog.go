package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("datadog-api-key", "Datadog API key", boltseal.Medium,
		"send data in the name of the organization", "app.datadoghq.com/organization-settings/api-keys"),
	Keywords: []string{"datadog", "dd_api", "dd-api"}, Fold: true,
	Name:  []string{"key"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})

var _ = add(Detector{
	Check: kind("datadog-app-key", "Datadog application key", boltseal.High,
		"read and change monitors, logs and dashboards", "app.datadoghq.com/organization-settings/application-keys", "gitleaks:datadog-access-token"),
	Keywords: []string{"datadog", "dd_app", "dd-app"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
