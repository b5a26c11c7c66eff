package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("dropbox-token", "Dropbox access token", boltseal.High,
		"read and change the user's files", "dropbox.com/account/connected_apps", "gitleaks:dropbox-short-lived-api-token"),
	Keywords: []string{"sl."}, Token: `sl\.(?:u\.)?[0-9A-Za-z_-]{130,}`,
})
