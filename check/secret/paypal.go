package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("paypal-client-secret", "PayPal client secret", boltseal.High,
		"take and refund payments", "developer.paypal.com"),
	Keywords: []string{"paypal"}, Fold: true,
	Name:  []string{"secret"},
	Value: `E[0-9A-Za-z_-]{79}`, Rank: ByName,
})
