package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("terraform-cloud-token", "HCP Terraform token", boltseal.Critical,
		"read state, with the secrets in it, and change infrastructure", "app.terraform.io/app/settings/tokens", "gitleaks:hashicorp-tf-api-token", "trivy:hashicorp-tf-api-token"),
	Keywords: []string{".atlasv1."}, Token: `[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,70}`, Lead: 14,
})

var _ = add(Detector{
	Check: kind("vault-service-token", "Vault service token", boltseal.Critical,
		"read what its policies allow", "vault token revoke", "gitleaks:vault-service-token"),
	Keywords: []string{"hvs."}, Token: `hvs\.[0-9A-Za-z_-]{24,300}`,
})

var _ = add(Detector{
	Check: kind("vault-batch-token", "Vault batch token", boltseal.High,
		"read what its policies allow", "vault token revoke", "gitleaks:vault-batch-token"),
	Keywords: []string{"hvb."}, Token: `hvb\.[0-9A-Za-z_-]{130,600}`,
})

var _ = add(Detector{
	Check: kind("vault-recovery-token", "Vault recovery token", boltseal.Critical,
		"unlock the storage", "vault operator generate-root"),
	Keywords: []string{"hvr."}, Token: `hvr\.[0-9A-Za-z_-]{24,300}`,
})

var _ = add(Detector{
	Check: kind("vault-legacy-token", "Vault token of the old form", boltseal.High,
		"read what its policies allow", "vault token revoke"),
	Keywords: []string{"vault_token", "vault_dev_root"}, Fold: true,
	Value: `s\.[0-9A-Za-z]{24}`, Rank: ByName,
})

var _ = add(Detector{
	Check: kind("consul-token", "Consul ACL token", boltseal.High,
		"read and change what its policies allow", "consul acl token delete"),
	Keywords: []string{"consul_http_token", "consul_token"}, Fold: true,
	Value: `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, Rank: ByName,
})
