package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("render-api-key", "Render API key", boltseal.High,
		"change and deploy services", "dashboard.render.com/u/settings"),
	Keywords: []string{"rnd_"}, Token: `rnd_[0-9A-Za-z]{28,40}`,
})
