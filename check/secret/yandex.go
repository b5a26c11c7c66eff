package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("yandex-api-key", "Yandex Cloud API key", boltseal.High,
		"use the services as the service account", "console.yandex.cloud", "gitleaks:yandex-api-key"),
	Keywords: []string{"AQVN"}, Token: `AQVN[0-9A-Za-z_-]{35,38}`,
})

var _ = add(Detector{
	Check: kind("yandex-access-key", "Yandex Cloud static key", boltseal.High,
		"read the account's objects", "console.yandex.cloud", "gitleaks:yandex-aws-access-token"),
	Keywords: []string{"YCA"}, Token: `YCA[0-9A-Za-z_-]{22}`, Entropy: 3.6,
})
