package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("zoom-secret", "Zoom client secret", boltseal.Medium,
		"act as the application", "marketplace.zoom.us"),
	Keywords: []string{"zoom_"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9A-Za-z]{32}`, Rank: ByName,
})
