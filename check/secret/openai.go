package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("openai-api-key", "OpenAI API key", boltseal.High,
		"run models on the account, at its cost, and read its files", "platform.openai.com/api-keys", "gitleaks:openai-api-key", "trivy:openai-api-key"),
	Keywords: []string{"T3BlbkFJ"}, Token: `sk-(?:(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{16,100}|[0-9A-Za-z]{20})T3BlbkFJ[0-9A-Za-z_-]{16,100}`, Lead: 120,
})
