package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("ibm-cloud-api-key", "IBM Cloud API key", boltseal.High,
		"act in the account as its owner", "cloud.ibm.com/iam/apikeys"),
	Keywords: []string{"ibmcloud", "ibm_cloud", "ibm-cloud", "bluemix", "ic_api"}, Fold: true,
	Name:  []string{"key"},
	Value: `[0-9A-Za-z_-]{44}`, Rank: ByName,
})
