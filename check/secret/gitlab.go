package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("gitlab-token", "GitLab personal, project or group access token", boltseal.Critical,
		"read and change what its owner can, within its scopes", "the GitLab instance, Access tokens", "gitleaks:gitlab-pat", "trivy:gitlab-pat"),
	Keywords: []string{"glpat-"}, Token: `glpat-[0-9A-Za-z_-]{20}`,
})

var _ = add(Detector{
	Check: kind("gitlab-routable-token", "GitLab access token that names its cell", boltseal.Critical,
		"read and change what its owner can, within its scopes", "the GitLab instance, Access tokens", "gitleaks:gitlab-pat-routable"),
	Keywords: []string{"glpat-"}, Token: `glpat-[0-9A-Za-z_-]{27,300}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9}`,
	Checksum: crcBase36, Proof: "CRC-32 in the last seven characters",
})

var _ = add(Detector{
	Check: kind("gitlab-deploy-token", "GitLab deploy token", boltseal.High,
		"read code, packages and images of the project", "the GitLab instance", "gitleaks:gitlab-deploy-token"),
	Keywords: []string{"gldt-"}, Token: `gldt-(?:t[0-9]_)?[0-9A-Za-z_-]{20}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-runner-token", "GitLab runner token", boltseal.High,
		"take the jobs of projects, with their variables", "the GitLab instance", "gitleaks:gitlab-runner-token"),
	Keywords: []string{"glrt-"}, Token: `glrt-(?:t[0-9]_)?[0-9A-Za-z_-]{20}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-feed-token", "GitLab feed token", boltseal.Medium,
		"read the user's feeds", "the GitLab instance", "gitleaks:gitlab-feed-token"),
	Keywords: []string{"glft-"}, Token: `glft-(?:t[0-9]_)?[0-9A-Za-z_-]{20}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-incoming-mail-token", "GitLab incoming mail token", boltseal.Medium,
		"create issues as the user", "the GitLab instance", "gitleaks:gitlab-incoming-mail-token"),
	Keywords: []string{"glimt-"}, Token: `glimt-(?:t[0-9]_)?[0-9A-Za-z_-]{25}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-scim-token", "GitLab SCIM token", boltseal.High,
		"create and remove users", "the GitLab instance", "gitleaks:gitlab-scim-token"),
	Keywords: []string{"glsoat-"}, Token: `glsoat-(?:t[0-9]_)?[0-9A-Za-z_-]{20}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-feature-flag-token", "GitLab feature flags client token", boltseal.Low,
		"read feature flags", "the GitLab instance", "gitleaks:gitlab-feature-flag-token"),
	Keywords: []string{"glffct-"}, Token: `glffct-(?:t[0-9]_)?[0-9A-Za-z_-]{20}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-agent-token", "GitLab agent for Kubernetes token", boltseal.High,
		"pose as the agent of a cluster", "the GitLab instance", "gitleaks:gitlab-agent-token"),
	Keywords: []string{"glagent-"}, Token: `glagent-(?:t[0-9]_)?[0-9A-Za-z_-]{50}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-oauth-secret", "GitLab OAuth application secret", boltseal.High,
		"pose as the application towards its users", "the GitLab instance", "gitleaks:gitlab-oauth-secret"),
	Keywords: []string{"gloas-"}, Token: `gloas-(?:t[0-9]_)?[0-9A-Za-z_-]{64}(?:[0-9A-Za-z_-]{0,280}(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?`,
})

var _ = add(Detector{
	Check: kind("gitlab-trigger-token", "GitLab pipeline trigger token", boltseal.High,
		"start pipelines with variables of their choice", "the project, CI/CD settings", "gitleaks:gitlab-ptt"),
	Keywords: []string{"glptt-"}, Token: `glptt-[0-9a-f]{40}`,
})

var _ = add(Detector{
	Check: kind("gitlab-job-token", "GitLab CI job token", boltseal.Low,
		"act as the job until it ends", "it ends with the job", "gitleaks:gitlab-cicd-job-token"),
	Keywords: []string{"glcbt-"}, Token: `glcbt-[0-9A-Za-z]{1,5}_[0-9A-Za-z_-]{20}`,
})

var _ = add(Detector{
	Check: kind("gitlab-runner-registration-token", "GitLab runner registration token", boltseal.High,
		"register a runner that takes jobs, with their variables", "the project, CI/CD settings", "gitleaks:gitlab-rrt"),
	Keywords: []string{"GR1348941"}, Token: `GR1348941[0-9A-Za-z_-]{20}`,
})
