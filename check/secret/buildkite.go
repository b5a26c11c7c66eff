package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("buildkite-token", "Buildkite API token", boltseal.High,
		"read and start builds", "buildkite.com/user/api-access-tokens"),
	Keywords: []string{"bkua_"}, Token: `bkua_[0-9a-z]{40}`,
})

var _ = add(Detector{
	Check: kind("buildkite-agent-token", "Buildkite agent token", boltseal.High,
		"take jobs, with their variables", "buildkite.com, Agents"),
	Keywords: []string{"buildkite_agent"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{50}|bkct_[0-9A-Za-z]{40,}`, Rank: ByName,
})
