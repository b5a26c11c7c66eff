package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("age-secret-key", "age secret key", boltseal.High,
		"read all that was encrypted to it", "a new key, and files encrypted anew", "gitleaks:age-secret-key"),
	Keywords: []string{"AGE-SECRET-KEY-1"}, Token: `AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}`,
})
