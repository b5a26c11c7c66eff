package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("resend-api-key", "Resend API key", boltseal.High,
		"send mail in the name of the domain", "resend.com/api-keys"),
	Keywords: []string{"re_"}, Token: `re_[0-9A-Za-z]{8}_[0-9A-Za-z]{24}`, Entropy: 3.8,
})
