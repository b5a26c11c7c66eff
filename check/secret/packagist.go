package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("packagist-token", "Private Packagist token", boltseal.High,
		"read or publish packages of the organization", "packagist.com", "trivy:private-packagist-token"),
	Keywords: []string{"packagist_"}, Token: `packagist_[ou][ru]t_[0-9a-f]{68}|packagist_ack_[0-9a-f]{68}`,
})
