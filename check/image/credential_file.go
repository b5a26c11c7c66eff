package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/credential-file", Title: "file that holds credentials as a rule", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"dockle:CIS-DI-0010"},
		Doc: `Files of this name hold credentials. Whoever can pull the image can read it, in whichever layer it is, and removing it in a later step does not
help. Keep it out of the build context (.dockerignore), give it to the build with --mount=type=secret, and revoke what it held.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && info.Size() > 0 && credentialFile(path) {
			p.ReportFile(path+" is a file of credentials by its name", path)
		}
	},
})

// credentialFile tells by a file's path whether it holds credentials. What
// packages bring as tests, templates and documentation does not.
func credentialFile(path string) bool {
	for _, not := range []string{"/node_modules/", "/site-packages/", "/dist-packages/", "/test", "/example", "/doc/", "/gems/", "/vendor/", "/sample"} {
		if strings.Contains("/"+path, not) {
			return false
		}
	}
	if strings.HasPrefix(path, "usr/share/") || strings.HasPrefix(path, "usr/lib/") || strings.HasPrefix(path, "lib/") || strings.HasPrefix(path, "etc/skel/") {
		return false
	}
	base := path[strings.LastIndexByte(path, '/')+1:]
	switch base {
	case ".env", ".env.production", ".env.local", ".env.prod", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", ".netrc", "_netrc", ".pypirc", ".pgpass", ".my.cnf",
		".git-credentials", ".vault-token", ".dockercfg", ".htpasswd", ".s3cfg", "terraform.tfstate", "terraform.tfvars", "kubeconfig", "secring.gpg", "service-account.json", "client_secret.json",
		"application_default_credentials.json", "secret_token.rb", "master.key", "wallet.dat", ".terraformrc", "credentials.json", "token.json":
		return true
	}
	for _, end := range []string{".aws/credentials", ".docker/config.json", ".kube/config", ".azure/accessTokens.json", ".gem/credentials", ".cargo/credentials.toml", ".config/gh/hosts.yml", ".config/gcloud/credentials.db", "etc/kubernetes/admin.conf"} {
		if strings.HasSuffix("/"+path, "/"+end) {
			return true
		}
	}
	for _, ext := range []string{".kdbx", ".ppk", ".p12", ".pfx", ".jks", ".keystore", ".ovpn"} {
		if strings.HasSuffix(base, ext) {
			return true
		}
	}
	return false
}
