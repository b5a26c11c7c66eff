package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("launchdarkly-key", "LaunchDarkly key", boltseal.Medium,
		"read and change feature flags", "app.launchdarkly.com/settings/authorization", "gitleaks:launchdarkly-access-token"),
	Keywords: []string{"launchdarkly", "ld_sdk", "ld_api"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `(?:api|sdk)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
