package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("npm-token", "npm access token", boltseal.Critical,
		"publish packages that others install", "npmjs.com/settings/~/tokens", "gitleaks:npm-access-token", "trivy:npm-access-token"),
	Keywords: []string{"npm_"}, Token: `npm_[0-9A-Za-z]{36}`,
	Checksum: crcBase62, Proof: "CRC-32 in the last six characters",
})
