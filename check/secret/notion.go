package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("notion-token", "Notion integration token", boltseal.High,
		"read and change pages", "notion.so/my-integrations", "gitleaks:notion-api-token"),
	Keywords: []string{"ntn_"}, Token: `ntn_[0-9]{11}[0-9A-Za-z]{35}`,
})

var _ = add(Detector{
	Check: kind("notion-legacy-token", "Notion integration token of the old form", boltseal.High,
		"read and change pages", "notion.so/my-integrations"),
	Keywords: []string{"notion"}, Fold: true,
	Name:  []string{"token", "key", "secret"},
	Value: `secret_[0-9A-Za-z]{43}`, Rank: ByName,
})
