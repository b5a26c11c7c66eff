package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("gitea-token", "Gitea or Forgejo access token", boltseal.High,
		"read and change what its owner can", "the instance, Applications"),
	Keywords: []string{"gitea", "forgejo", "codeberg"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
