package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("stripe-secret-key", "Stripe secret key", boltseal.Critical,
		"charge, refund and read the account's customers", "dashboard.stripe.com/apikeys", "gitleaks:stripe-access-token", "trivy:stripe-secret-token"),
	Keywords: []string{"sk_live_"}, Token: `sk_live_[0-9A-Za-z]{24,247}`,
})

var _ = add(Detector{
	Check: kind("stripe-restricted-key", "Stripe restricted key", boltseal.High,
		"do what the key allows in the account", "dashboard.stripe.com/apikeys"),
	Keywords: []string{"rk_live_"}, Token: `rk_live_[0-9A-Za-z]{24,247}`,
})

var _ = add(Detector{
	Check: kind("stripe-test-key", "Stripe test key", boltseal.Low,
		"use the test mode of the account", "dashboard.stripe.com/test/apikeys"),
	Keywords: []string{"sk_test_", "rk_test_"}, Token: `[sr]k_test_[0-9A-Za-z]{24,247}`,
})

var _ = add(Detector{
	Check: kind("stripe-webhook-secret", "Stripe webhook secret", boltseal.Medium,
		"forge events for the receiver", "dashboard.stripe.com/webhooks"),
	Keywords: []string{"whsec_"}, Token: `whsec_[0-9A-Za-z+/]{32,64}={0,2}`,
})
