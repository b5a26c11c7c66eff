package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("bitbucket-app-password", "Bitbucket app password", boltseal.Critical,
		"read and change repositories", "bitbucket.org/account/settings/app-passwords"),
	Keywords: []string{"ATBB"}, Token: `ATBB[0-9A-Za-z]{24}[0-9A-F]{8}`,
})

var _ = add(Detector{
	Check: kind("bitbucket-access-token", "Bitbucket repository access token", boltseal.Critical,
		"read and change the repository", "the repository, Access tokens"),
	Keywords: []string{"ATCTT3"}, Token: `ATCTT3[0-9A-Za-z_=-]{150,220}`,
})
