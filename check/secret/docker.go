package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("docker-hub-token", "Docker Hub access token", boltseal.Critical,
		"push images that others run", "app.docker.com/settings/personal-access-tokens", "trivy:dockerconfig-secret"),
	Keywords: []string{"dckr_pat_", "dckr_oat_"}, Token: `dckr_[po]at_[0-9A-Za-z_-]{27,32}`,
})
