package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("hubspot-token", "HubSpot private app token", boltseal.High,
		"read and change the customers' records", "app.hubspot.com/private-apps", "gitleaks:hubspot-api-key", "trivy:hubspot-api-token"),
	Keywords: []string{"pat-na1-", "pat-na2-", "pat-eu1-", "pat-ap1-"}, Token: `pat-(?:na|eu|ap)[12]-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
})
