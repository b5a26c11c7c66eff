package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("portainer-token", "Portainer access token", boltseal.High,
		"control the container engines", "Portainer, My account"),
	Keywords: []string{"ptr_"}, Token: `ptr_[0-9A-Za-z+/]{43}=`,
})
