package docker

import (
	"iter"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-in-env", Title: "a credential stands in the Dockerfile", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"hadolint:DL3064", "buildkit:SecretsUsedInArgOrEnv", "trivy:DS-0031", "semgrep:secret-in-build-arg", "dockle:CIS-DI-0010"},
		Doc: `ENV and the defaults of ARG are part of the image: docker history and docker inspect show them to everybody who can pull it, and deleting
them later changes nothing. Give secrets to the build with --mount=type=secret and to the container when it starts, and replace this one.`,
	},
	Run: func(p *Pass) {
		for step := range p.everyPair("ENV", "ARG") {
			for _, pair := range step.Pairs {
				name, value := pair.Key.Text, strings.Trim(pair.Value.Text, `"'`)
				if secretName(name) && literalSecret(value) {
					p.Report(pair.Key.Span, step.Name+" "+name+" puts a credential into the image for all to read")
				}
			}
		}
	},
})

// everyPair gives the instructions of the names in all stages and before the
// first FROM.
func (p *Pass) everyPair(names ...string) iter.Seq[*dockerfile.Instr] {
	return func(yield func(*dockerfile.Instr) bool) {
		for _, in := range p.File.Instrs {
			if slices.Contains(names, in.Name) && !yield(in) {
				return
			}
		}
	}
}

// secretName tells whether a variable's name says that it holds a credential.
// Names of files, addresses, ids and public keys do not.
func secretName(name string) bool {
	upper := strings.ToUpper(name)
	for _, public := range []string{"GPG_KEY", "GPGKEY", "PUBLIC", "SHA256", "SHA512", "CHECKSUM", "FINGERPRINT", "KEYRING", "KEYSERVER", "KEYBOARD", "TOKENIZER", "MAX_TOKEN", "AUTHOR", "SIGNING_KEY_ID", "SECRETS_DIR", "DISABLE", "ENABLE"} {
		if strings.Contains(upper, public) {
			return false
		}
	}
	words := strings.Split(upper, "_")
	switch words[len(words)-1] {
	case "FILE", "PATH", "DIR", "URL", "URI", "NAME", "ID", "LENGTH", "TTL", "TYPE", "VERSION", "ALGORITHM", "EXPIRY", "TIMEOUT", "HEADER", "FORMAT", "ISSUER", "HOST", "LOCATION", "STORE", "POLICY":
		return false
	}
	for i, w := range words {
		switch w {
		case "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN", "CREDENTIAL", "CREDENTIALS", "APIKEY", "SECRETKEY", "AUTHTOKEN", "PASSWORT", "PSW", "PWD_SECRET":
			return true
		case "PASS":
			return i == len(words)-1
		case "KEY":
			if i > 0 && slices.Contains([]string{"API", "ACCESS", "SECRET", "PRIVATE", "ENCRYPTION", "MASTER", "SIGNING", "AUTH", "ACCOUNT", "DEPLOY", "SSH", "SERVICE"}, words[i-1]) {
				return true
			}
		}
	}
	for _, suffix := range []string{"PASSWORD", "APIKEY", "SECRETKEY", "ACCESSKEY", "AUTHTOKEN"} {
		if strings.HasSuffix(upper, suffix) {
			return true
		}
	}
	return false
}

// literalSecret tells whether a value is a credential and no placeholder,
// switch, path or reference to another variable.
func literalSecret(value string) bool {
	lower := strings.ToLower(value)
	switch lower {
	case "", "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null", "nil", "undefined", "unset", "dummy", "placeholder", "fake", "x", "xxx":
		return false
	}
	return !strings.ContainsAny(value, "$<>") && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "./") && !strings.HasPrefix(lower, "http") && !strings.HasPrefix(lower, "file:")
}
