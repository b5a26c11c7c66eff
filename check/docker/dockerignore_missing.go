package docker

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/dockerignore-missing", Title: "the whole context is copied with what does not belong in an image", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `COPY . takes everything that .dockerignore does not keep out: the history of the repository in .git, passwords in .env, keys, modules
built for another system. Name them in .dockerignore.`,
	},
	Run: func(p *Pass) {
		var found []string
		for _, name := range p.Options.Context {
			if private(name) && (p.Options.Ignored == nil || !p.Options.Ignored(name)) {
				found = append(found, name)
			}
		}
		if len(found) == 0 {
			return
		}
		slices.Sort(found)
		for step := range p.All("COPY", "ADD") {
			if wholeContext(step) {
				p.Report(step.Span, "the context holds "+strings.Join(found[:min(len(found), 5)], ", ")+", and .dockerignore does not keep that out")
				return
			}
		}
	},
})

// private tells by its name whether a file or folder does not belong in an
// image.
func private(name string) bool {
	switch base := path.Base(strings.TrimSuffix(name, "/")); base {
	case ".git", ".env", ".npmrc", ".pypirc", ".netrc", ".aws", ".ssh", ".docker", "node_modules", "id_rsa", "id_ed25519", "id_ecdsa", ".terraform", ".venv":
		return true
	default:
		return strings.HasPrefix(base, ".env.") && base != ".env.example" && base != ".env.sample" && base != ".env.template" ||
			strings.HasSuffix(base, ".pem") || strings.HasSuffix(base, ".key") || strings.HasSuffix(base, ".tfstate")
	}
}
