package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("cratesio-token", "crates.io token", boltseal.Critical,
		"publish crates that others build", "crates.io/settings/tokens"),
	Keywords: []string{"cio"}, Token: `cio[0-9A-Za-z]{32}`, Entropy: 3.8,
})
