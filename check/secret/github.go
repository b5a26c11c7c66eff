package secret

import "github.com/boltseal/boltseal"

const githubTokens = "https://github.com/settings/tokens"

var _ = add(Detector{
	Check: kind("github-classic-token", "GitHub personal access token", boltseal.Critical,
		"read and change every repository and organization that its owner can, within the token's scopes", githubTokens, "gitleaks:github-pat", "trivy:github-pat"),
	Keywords: []string{"ghp_"}, Token: `ghp_[0-9A-Za-z]{36}`, Checksum: crcBase62, Proof: "CRC-32 in the last six characters",
})

var _ = add(Detector{
	Check: kind("github-fine-grained-token", "GitHub fine-grained personal access token", boltseal.Critical,
		"read or change the repositories that it was made for", githubTokens, "gitleaks:github-fine-grained-pat", "trivy:github-fine-grained-pat"),
	Keywords: []string{"github_pat_"}, Token: `github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}`,
})

var _ = add(Detector{
	Check: kind("github-oauth-token", "GitHub OAuth access token", boltseal.Critical,
		"act on GitHub as the user who allowed the application", "https://github.com/settings/applications", "gitleaks:github-oauth", "trivy:github-oauth"),
	Keywords: []string{"gho_"}, Token: `gho_[0-9A-Za-z]{36}`, Checksum: crcBase62, Proof: "CRC-32 in the last six characters",
})

var _ = add(Detector{
	Check: kind("github-app-token", "GitHub App token", boltseal.High,
		"act as a GitHub App, as a rule for an hour", "the App's settings", "gitleaks:github-app-token", "trivy:github-app-token"),
	Keywords: []string{"ghu_", "ghs_"}, Token: `gh[us]_[0-9A-Za-z]{36}`, Checksum: crcBase62, Proof: "CRC-32 in the last six characters",
})

var _ = add(Detector{
	Check: kind("github-refresh-token", "GitHub refresh token", boltseal.Critical,
		"get new access tokens for half a year", "the App's settings", "gitleaks:github-refresh-token", "trivy:github-refresh-token"),
	Keywords: []string{"ghr_"}, Token: `ghr_[0-9A-Za-z]{36}|ghr_[0-9A-Za-z]{76}`, Checksum: crcBase62, Proof: "CRC-32 in the last six characters",
})
