package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mapbox-secret-token", "Mapbox secret token", boltseal.Medium,
		"change the account's maps", "account.mapbox.com"),
	Keywords: []string{"sk.eyJ"}, Token: `sk\.eyJ[0-9A-Za-z_-]{60,100}\.[0-9A-Za-z_-]{20,24}`,
})
