package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("heroku-api-key", "Heroku API key", boltseal.High,
		"read and change the applications and their settings", "dashboard.heroku.com/account", "gitleaks:heroku-api-key-v2"),
	Keywords: []string{"HRKU-"}, Token: `HRKU-(?:AA[0-9A-Za-z_-]{58}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`,
})

var _ = add(Detector{
	Check: kind("heroku-legacy-api-key", "Heroku API key of the old form", boltseal.High,
		"read and change the applications and their settings", "dashboard.heroku.com/account", "gitleaks:heroku-api-key", "trivy:heroku-api-key"),
	Keywords: []string{"heroku"}, Fold: true,
	Name:  []string{"key", "token", "secret"},
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
