package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("deepgram-api-key", "Deepgram API key", boltseal.Medium,
		"transcribe on the account", "console.deepgram.com"),
	Keywords: []string{"deepgram"}, Fold: true,
	Name:  []string{"key"},
	Value: `[0-9a-f]{40}`, Rank: ByName,
})
