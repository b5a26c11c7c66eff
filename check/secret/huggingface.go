package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("huggingface-token", "Hugging Face user token", boltseal.High,
		"read and change models and data of the user", "huggingface.co/settings/tokens", "gitleaks:huggingface-access-token", "trivy:hugging-face-access-token"),
	Keywords: []string{"hf_"}, Token: `hf_[A-Za-z0-9]{34,37}`, Entropy: 3.6,
})

var _ = add(Detector{
	Check: kind("huggingface-org-token", "Hugging Face organization token", boltseal.High,
		"read models and data of the organization", "huggingface.co/organizations", "gitleaks:huggingface-organization-api-token"),
	Keywords: []string{"api_org_"}, Token: `api_org_[A-Za-z]{34}`,
})
