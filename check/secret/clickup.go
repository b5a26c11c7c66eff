package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("clickup-token", "ClickUp token", boltseal.Medium,
		"read and change tasks", "app.clickup.com/settings/apps"),
	Keywords: []string{"pk_"}, Token: `pk_[0-9]{6,9}_[0-9A-Z]{32}`,
})
