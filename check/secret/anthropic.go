package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("anthropic-api-key", "Anthropic API key", boltseal.High,
		"run models on the account, at its cost", "console.anthropic.com/settings/keys", "gitleaks:anthropic-api-key"),
	Keywords: []string{"sk-ant-api"}, Token: `sk-ant-api[0-9]{2}-[0-9A-Za-z_-]{86,110}`,
})

var _ = add(Detector{
	Check: kind("anthropic-admin-key", "Anthropic admin key", boltseal.Critical,
		"change the organization and its keys", "console.anthropic.com/settings/admin-keys", "gitleaks:anthropic-admin-api-key"),
	Keywords: []string{"sk-ant-admin"}, Token: `sk-ant-admin[0-9]{2}-[0-9A-Za-z_-]{86,110}`,
})

var _ = add(Detector{
	Check: kind("anthropic-oauth-token", "Anthropic OAuth token", boltseal.High,
		"run models on the user's subscription", "claude.ai/settings"),
	Keywords: []string{"sk-ant-oat", "sk-ant-ort"}, Token: `sk-ant-o[ar]t[0-9]{2}-[0-9A-Za-z_-]{86,110}`,
})
