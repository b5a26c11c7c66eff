package compose

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/latest-tag", Title: "the image has no tag, or latest", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.2"},
		Doc: `Which version runs is decided by the moment of the pull: two machines run different programs, and a roll-back is not possible because nobody knows what
ran. Name a version, and best its digest too.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			n := s.Own("image")
			value, known := expand(n.Str())
			if m := parseImage(value); known && value != "" && s.Own("build") == nil && m.digest == "" && (m.tag == "" || m.tag == "latest") {
				p.Report(s, n, value+" is whatever was pushed last")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/not-pinned", Title: "the image is not pinned by digest", Severity: boltseal.Low,
		Controls: []string{"NIST-800-190/4.1.5"}, Aliases: []string{"zizmor:unpinned-images"},
		Doc: `A tag may be moved to other content by its owner, or by whoever takes over the account; a digest cannot. Write both: image: postgres:17.2@sha256:…
A bot raises both in a change that somebody reviews.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			n := s.Own("image")
			value, known := expand(n.Str())
			if m := parseImage(value); known && value != "" && s.Own("build") == nil && m.digest == "" && m.tag != "" && m.tag != "latest" {
				p.Report(s, n, value+" may be moved to other content; a digest may not")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/no-healthcheck", Title: "nobody notices when the service hangs", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-5.27"},
		Doc: `A process that runs is not one that answers. With a health check, depends_on can wait for condition: service_healthy, and an orchestrator replaces
what hangs. The image may bring its own; switching that off is worse than having none.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if off, _ := s.Own("healthcheck", "disable").Bool(); off {
				p.Report(s, s.Own("healthcheck", "disable"), "the image's health check is switched off", p.Remove("leave the health check on", false, s.Own("healthcheck", "disable"))...)
			} else if s.Lacks("healthcheck") && s.Own("build") == nil {
				p.Report(s, nil, "it has no health check, unless the image brings one")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/build-secret", Title: "a secret is given as a build argument", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `Build arguments are kept in the image's history, where docker history shows them to whoever can pull. Declare the value under secrets at the top of
the file, name it under build.secrets, and mount it in the Dockerfile with RUN --mount=type=secret.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for name, n := range variables(s.Own("build", "args")) {
				if secretName(name) && valueOf(name, n) != "" {
					p.Report(s, n, "the build argument "+name+" stays in the image's history")
				}
			}
		}
	},
})

// secretName tells whether a variable's name says that its value is secret.
func secretName(name string) bool {
	upper := strings.ToUpper(name)
	for _, end := range []string{"_FILE", "_PATH", "_URL", "_URI", "_HOST", "_NAME", "_ID", "_TTL", "_EXPIRY", "_LENGTH", "_POLICY", "_ENABLED", "_TYPE", "_ALGORITHM", "_METHOD"} {
		if strings.HasSuffix(upper, end) {
			return false
		}
	}
	for _, word := range strings.FieldsFunc(upper, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		switch word {
		case "PASSWORD", "PASSWD", "PASS", "PWD", "SECRET", "TOKEN", "APIKEY", "PASSPHRASE", "CREDENTIALS", "PRIVATEKEY":
			return true
		}
	}
	for _, phrase := range []string{"API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "SECRET_KEY", "ENCRYPTION_KEY", "SIGNING_KEY", "AUTH_KEY", "MASTER_KEY"} {
		if strings.Contains(upper, phrase) {
			return true
		}
	}
	return strings.HasSuffix(upper, "PASSWORD") || strings.HasSuffix(upper, "SECRET")
}
