package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("auth0-client-secret", "Auth0 client secret", boltseal.High,
		"pose as the application", "manage.auth0.com"),
	Keywords: []string{"auth0"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9A-Za-z_-]{64}`, Rank: ByName,
})
