package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("airtable-token", "Airtable token", boltseal.Medium,
		"read and change bases", "airtable.com/create/tokens", "gitleaks:airtable-personnal-access-token"),
	Keywords: []string{"airtable"}, Fold: true,
	Name:  []string{"key", "token", "pat"},
	Value: `pat[0-9A-Za-z]{14}\.[0-9a-f]{64}|key[0-9A-Za-z]{14}`, Rank: ByName,
})
