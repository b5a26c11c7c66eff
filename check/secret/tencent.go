package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("tencent-secret-id", "Tencent Cloud secret id", boltseal.Medium,
		"tell the account and, with the key, act in it", "console.cloud.tencent.com/cam"),
	Keywords: []string{"AKID"}, Token: `AKID[0-9A-Za-z]{32}`,
})
