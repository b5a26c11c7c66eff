package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("elevenlabs-api-key", "ElevenLabs API key", boltseal.Medium,
		"make speech on the account, at its cost", "elevenlabs.io/app/settings/api-keys"),
	Keywords: []string{"elevenlabs", "eleven_api", "xi-api", "xi_api"}, Fold: true,
	Value: `sk_[0-9a-f]{48}|[0-9a-f]{32}`, Rank: ByName,
})
