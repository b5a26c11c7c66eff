package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("pagerduty-token", "PagerDuty API key", boltseal.High,
		"read and change incidents and schedules", "the account, API access keys"),
	Keywords: []string{"pagerduty", "pd_api"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `(?:u\+)?[0-9A-Za-z_+-]{20}|[0-9a-f]{32}`, Rank: ByName,
})
