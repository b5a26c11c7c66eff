package compose

import (
	"net/url"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/secret-in-environment", Title: "a secret stands in the file", Severity: boltseal.High,
		Controls: []string{"NIST-800-190/4.1.4"},
		Doc: `The value is in the repository's history for good, in docker inspect for everybody who may ask the daemon, in /proc and in crash reports. Give it as a
file through secrets:, for which many images read NAME_FILE, or at least from the environment: ${NAME:?}.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for name, n := range s.Environment() {
				value, known := expand(valueOf(name, n))
				if known && value != "" && secretName(name) && !placeholder(value) {
					p.Report(s, n, "the value of "+name+" can be read by whoever reads the file")
				} else if known && passwordInURL(value) {
					p.Report(s, n, "the URL in "+name+" holds a password")
				}
			}
		}
	},
})

// placeholder tells whether a value is none: a switch, a number that is too
// short, or the path of a file.
func placeholder(value string) bool {
	switch strings.ToLower(value) {
	case "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1":
		return true
	}
	return strings.HasPrefix(value, "/run/secrets/") || strings.HasPrefix(value, "/") && !strings.ContainsAny(value[1:], "=+")
}

func passwordInURL(value string) bool {
	if !strings.Contains(value, "://") || !strings.Contains(value, "@") {
		return false
	}
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return false
	}
	password, ok := u.User.Password()
	return ok && password != ""
}
