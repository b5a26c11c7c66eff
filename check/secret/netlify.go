package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("netlify-token", "Netlify personal access token", boltseal.High,
		"change and deploy sites", "app.netlify.com/user/applications", "gitleaks:netlify-access-token"),
	Keywords: []string{"nfp_", "nfc_", "nfo_", "nfb_", "nfu_"}, Token: `nf[pcobu]_[0-9A-Za-z]{36,40}`,
})
