package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("salesforce-token", "Salesforce access token", boltseal.High,
		"read and change what the user can", "Setup, Session management"),
	Keywords: []string{"00D"}, Token: `00D[0-9A-Za-z]{12,15}![0-9A-Za-z._]{80,120}`,
})
