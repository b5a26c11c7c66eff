package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("nvidia-api-key", "NVIDIA API key", boltseal.High,
		"pull images and run models on the account", "org.ngc.nvidia.com/setup"),
	Keywords: []string{"nvapi-"}, Token: `nvapi-[0-9A-Za-z_-]{60,70}`,
})
