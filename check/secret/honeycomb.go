package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("honeycomb-key", "Honeycomb key", boltseal.Medium,
		"send events or read settings", "ui.honeycomb.io"),
	Keywords: []string{"hcaik_", "hcamk_", "hcbik_"}, Token: `hc[ab][im]k_[0-9a-z]{58}`,
})
