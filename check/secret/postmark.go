package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("postmark-token", "Postmark server token", boltseal.High,
		"send mail and read what was sent", "account.postmarkapp.com"),
	Keywords: []string{"postmark"}, Fold: true,
	Name:  []string{"token", "key"},
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
