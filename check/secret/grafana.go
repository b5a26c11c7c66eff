package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("grafana-service-account-token", "Grafana service account token", boltseal.High,
		"read and change dashboards and data sources", "the instance, Service accounts", "gitleaks:grafana-service-account-token"),
	Keywords: []string{"glsa_"}, Token: `glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}`,
})

var _ = add(Detector{
	Check: kind("grafana-cloud-token", "Grafana Cloud token", boltseal.High,
		"read and send data of the stack", "grafana.com, Access policies", "gitleaks:grafana-cloud-api-token"),
	Keywords: []string{"glc_eyJ"}, Token: `glc_eyJ[0-9A-Za-z+/]{60,400}={0,3}`,
})

var _ = add(Detector{
	Check: kind("grafana-legacy-key", "Grafana API key of the old form", boltseal.High,
		"read and change dashboards and data sources", "the instance, API keys", "gitleaks:grafana-api-key", "trivy:grafana-api-token"),
	Keywords: []string{"eyJrIjoi"}, Token: `eyJrIjoi[0-9A-Za-z]{60,400}={0,3}`,
})
