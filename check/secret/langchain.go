package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("langsmith-api-key", "LangSmith API key", boltseal.Medium,
		"read traces, with prompts and answers in them", "smith.langchain.com/settings"),
	Keywords: []string{"lsv2_"}, Token: `lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}`,
})
