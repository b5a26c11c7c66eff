package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-file-copied", Title: "a file with credentials is copied into the image", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"dockle:CIS-DI-0010"},
		Doc: `What COPY brings is in the layer for good: deleting it later hides it and no more. Whoever pulls the image has the key. Mount the file for
the one RUN that needs it: RUN --mount=type=secret,id=key.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY", "ADD") {
			if !fromContext(step) {
				continue
			}
			for _, source := range sources(step) {
				if credentialFile(source) {
					p.Report(step.Span, source+" holds credentials, and stays in the layer for all to read")
					break
				}
			}
		}
	},
})

// credentialFile tells by its name whether a file holds a secret. Public
// keys, certificates and examples do not.
func credentialFile(name string) bool {
	switch base := path.Base(strings.TrimSuffix(name, "/")); base {
	case ".env", ".netrc", ".pypirc", ".pgpass", ".git-credentials", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".aws", ".ssh", ".htpasswd", ".dockerconfigjson", "kubeconfig":
		return true
	case "credentials", "credentials.json", "service-account.json":
		return base != "credentials" || strings.Contains(name, ".aws")
	default:
		return strings.HasPrefix(base, ".env.") && (strings.Contains(base, "prod") || strings.Contains(base, "secret")) || strings.HasSuffix(base, ".p12") || strings.HasSuffix(base, ".pfx") || strings.HasSuffix(base, ".key") && !signingKey(base)
	}
}

// signingKey tells whether a key is most likely the public one that packages
// of a repository are checked with.
func signingKey(base string) bool {
	lower := strings.ToLower(base)
	for _, word := range []string{"gpg", "pgp", "pub", "apt", "rpm", "repo", "archive", "release", "snapshot", "keyring"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
