package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/env-secret", Title: "environment variable that is named like a credential", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"dockle:CIS-DI-0010", "trivy:DS-0031", "hadolint:DL3064"},
		Doc: `ENV is part of the configuration: docker inspect and every registry client show it without pulling a layer, and each process in the container
inherits it. Give credentials to the container when it starts, as a file or a variable, and revoke this one.`,
	},
	Run: func(p *Pass) {
		for _, env := range p.Config.Config.Env {
			if name, value, _ := strings.Cut(env, "="); secretName(name) && literal(value) {
				p.Report("ENV "+name+" is set to a value that everybody can read", name)
			}
		}
	},
})

// secretName tells whether a variable's name says that it holds a credential.
// Keys that are public, files, addresses and settings are none.
func secretName(name string) bool {
	upper := strings.ToUpper(name)
	for _, public := range []string{"GPG_KEY", "PUBLIC", "SHA256", "SHA512", "KEYRING", "KEYSERVER", "KEYBOARD", "TOKENIZER", "MAX_TOKEN", "FINGERPRINT", "KEY_ID", "PUBKEY", "KEYS"} {
		if strings.Contains(upper, public) {
			return false
		}
	}
	parts := strings.Split(upper, "_")
	switch parts[len(parts)-1] {
	case "PASSWORD", "PASSWD", "PASS", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS", "APIKEY":
		return true
	case "KEY":
		return len(parts) > 1 && keyOf[parts[len(parts)-2]]
	}
	return false
}

// keyOf are the words before KEY that make it a secret one.
var keyOf = words(`API ACCESS SECRET PRIVATE ENCRYPTION MASTER SIGNING AUTH ACCOUNT DEPLOY SSH APP`)

// literal tells whether a value is written out and no switch, path or
// address.
func literal(value string) bool {
	switch strings.ToLower(value) {
	case "", "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null", "changeme", "placeholder":
		return false
	}
	return !strings.ContainsAny(value, "$<>") && !strings.HasPrefix(value, "/") && !strings.Contains(value, "://")
}
