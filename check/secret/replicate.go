package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("replicate-token", "Replicate token", boltseal.High,
		"run models on the account, at its cost", "replicate.com/account/api-tokens"),
	Keywords: []string{"r8_"}, Token: `r8_[0-9A-Za-z]{37}`,
})
