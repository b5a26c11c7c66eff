package slsa

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/boltseal/boltseal/seal"
)

const (
	githubIssuer     = "https://token.actions.githubusercontent.com"
	githubHosted     = "https://github.com/actions/runner/github-hosted"
	githubSelfHosted = "https://github.com/actions/runner/self-hosted"
)

// Root says how far a builder is trusted when a certain signer speaks for it
// (SLSA specification, "Verifying artifacts", step 1).
type Root struct {
	Name    string `json:"name"`
	Issuer  string `json:"issuer,omitempty"` // of the certificate, exact
	Signer  string `json:"signer,omitempty"` // the certificate's subject; "*" is any run of characters
	Key     string `json:"key,omitempty"`    // or the fingerprint of a key
	Named   bool   `json:"named,omitempty"`  // or whoever the verification let count: its caller named them
	Builder string `json:"builder"`          // builder.id; "*" as above
	Level   int    `json:"level"`            // the highest build level
	// Hosted asks that the certificate says the machine was the service's.
	Hosted bool `json:"hosted,omitempty"`
}

// DefaultRoots are the builders that are known to keep their signing keys
// from those who build. The list is open: boltseal.yaml adds to it.
func DefaultRoots() []Root {
	return []Root{
		{
			Name: "SLSA's generators on GitHub, at a released version", Issuer: githubIssuer,
			Signer:  "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/*_slsa3.yml@refs/tags/v*",
			Builder: "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/*_slsa3.yml@refs/tags/v*", Level: 3, Hosted: true,
		},
		{
			Name: "GitHub artifact attestations on GitHub's machines", Issuer: githubIssuer,
			Signer: "https://github.com/*", Builder: "https://github.com/*", Level: 2, Hosted: true,
		},
	}
}

// level is the build level that the evidence supports, and why not one more.
func level(p *Provenance, signer *seal.SignedBy, roots []Root) (int, string) {
	switch {
	case p.BuilderID == "" && p.BuildType == "" && p.Source.URI == "":
		return 0, "the provenance names neither a builder nor a build type nor a source"
	case signer == nil:
		return 1, "nobody signed the provenance, so that whoever can write to the registry could have written it"
	case p.BuilderID == "":
		return 1, "the provenance names no builder (" + p.paths["builder"] + ")"
	}
	best, why := 1, ""
	for i := range roots {
		root := &roots[i]
		if reason := root.refuses(p, signer); reason != "" {
			if why == "" || root.speaksFor(signer) {
				why = reason
			}
			continue
		}
		best = max(best, root.Level)
	}
	switch {
	case best >= 3:
		return 3, ""
	case best == 2:
		return 2, fmt.Sprintf("level 3 needs a builder that those who build cannot influence, and %s runs in the same job; use a reusable workflow and name it as a root", p.BuilderID)
	case signer.Certificate == nil:
		return 1, "it was signed with a key, and no root says that the build service alone holds key " + signer.Key.Short()
	}
	return 1, why
}

func (r *Root) speaksFor(signer *seal.SignedBy) bool {
	c := signer.Certificate
	return c != nil && r.Issuer == c.Issuer && matches(r.Signer, c.Subject)
}

// refuses says why a root does not hold for a builder and a signer, or
// nothing.
func (r *Root) refuses(p *Provenance, signer *seal.SignedBy) string {
	c := signer.Certificate
	switch {
	case r.Named:
	case r.Key != "":
		if string(signer.Key) != r.Key {
			return fmt.Sprintf("%s needs key %s", r.Name, r.Key)
		}
	case c == nil:
		return r.Name + " needs a certificate, and it was signed with a key"
	case r.Issuer != c.Issuer:
		return fmt.Sprintf("%s needs a certificate for an identity of %s, and it is of %s", r.Name, r.Issuer, c.Issuer)
	case !matches(r.Signer, c.Subject):
		return fmt.Sprintf("%s needs the signer %s, and it is %s", r.Name, r.Signer, c.Subject)
	case r.Hosted && c.Extensions.RunnerEnvironment != "" && c.Extensions.RunnerEnvironment != "github-hosted":
		return fmt.Sprintf("%s needs the service's own machine, and the certificate says %s", r.Name, c.Extensions.RunnerEnvironment)
	}
	switch {
	case !matches(r.Builder, p.BuilderID):
		return fmt.Sprintf("%s needs the builder %s, and it is %s", r.Name, r.Builder, p.BuilderID)
	case r.Hosted && (p.SelfHosted || p.BuilderID == githubSelfHosted):
		return r.Name + " needs the service's own machine, and the provenance says self-hosted"
	case strings.HasSuffix(r.Signer, "@refs/tags/v*") && !release.MatchString(c.Subject):
		return fmt.Sprintf("%s needs a released version vX.Y.Z, and the signer is %s", r.Name, c.Subject)
	}
	return ""
}

// release is the end of a workflow's name at a released version.
var release = regexp.MustCompile(`@refs/tags/v\d+\.\d+\.\d+$`)

// matches compares with a pattern in which "*" is any run of characters.
func matches(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, rest)
		}
		at := strings.Index(s, part)
		if at < 0 {
			return false
		}
		s, rest = s[at+len(part):], after
	}
}
