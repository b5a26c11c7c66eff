package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("razorpay-key", "Razorpay live key", boltseal.Medium,
		"tell the account and, with the secret, take payments", "dashboard.razorpay.com"),
	Keywords: []string{"rzp_live_"}, Token: `rzp_live_[0-9A-Za-z]{14}`,
})
