package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("braintree-access-token", "Braintree access token", boltseal.Critical,
		"take and refund payments", "braintreegateway.com"),
	Keywords: []string{"access_token$production$"}, Token: `access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}`,
})
