package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("codecov-token", "Codecov upload token", boltseal.Low,
		"upload reports for the repository", "app.codecov.io", "gitleaks:codecov-access-token"),
	Keywords: []string{"codecov"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-z]{32}`, Rank: ByName,
})
