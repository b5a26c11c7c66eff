package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("openshift-token", "OpenShift user token", boltseal.High,
		"act in the cluster as the user", "oc delete useroauthaccesstokens", "gitleaks:openshift-user-token"),
	Keywords: []string{"sha256~"}, Token: `sha256~[0-9A-Za-z_-]{43}`,
})
