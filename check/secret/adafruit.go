package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("adafruit-key", "Adafruit IO key", boltseal.Low,
		"read and change the account's feeds", "io.adafruit.com", "gitleaks:adafruit-api-key"),
	Keywords: []string{"aio_"}, Token: `aio_[0-9A-Za-z]{28}`,
})
