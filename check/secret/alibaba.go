package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("alibaba-access-key-id", "Alibaba Cloud access key id", boltseal.High,
		"tell the account and, with the secret key, act in it", "ram.console.aliyun.com", "gitleaks:alibaba-access-key-id", "trivy:alibaba-access-key-id"),
	Keywords: []string{"LTAI"}, Token: `LTAI[0-9A-Za-z]{12,20}`,
})

var _ = add(Detector{
	Check: kind("alibaba-access-key-secret", "Alibaba Cloud access key secret", boltseal.Critical,
		"act in the account", "ram.console.aliyun.com", "gitleaks:alibaba-secret-key"),
	Keywords: []string{"alibaba", "aliyun", "alicloud"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9A-Za-z]{30}`, Rank: ByName,
})
