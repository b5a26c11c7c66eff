package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("figma-token", "Figma access token", boltseal.Medium,
		"read and comment on files", "figma.com/settings"),
	Keywords: []string{"figd_", "figo_", "figu_"}, Token: `fig[dou]_[0-9A-Za-z_-]{38,48}`,
})
