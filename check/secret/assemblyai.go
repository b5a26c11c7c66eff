package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("assemblyai-api-key", "AssemblyAI API key", boltseal.Medium,
		"transcribe on the account", "assemblyai.com/app"),
	Keywords: []string{"assemblyai"}, Fold: true,
	Name:  []string{"key", "token"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})
