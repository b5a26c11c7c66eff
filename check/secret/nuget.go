package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("nuget-api-key", "NuGet API key", boltseal.Critical,
		"publish packages that others install", "nuget.org/account/apikeys", "gitleaks:nuget-config-password"),
	Keywords: []string{"oy2"}, Token: `oy2[0-9a-z]{43}`, Entropy: 3.4,
})
