package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// The families of checks that Run knows. Dockerfiles and manifests have
// theirs in Lint.
const (
	familyVuln   = "vuln"
	familySecret = "secret"
	familyImage  = "image"
)

var families = []string{familyVuln, familySecret, familyImage}

// Families lists the families of checks that Options may name.
func Families() []string { return slices.Clone(families) }

// ParseFamilies reads names of families, as --checks has them. Other tools'
// words for the same are understood.
func ParseFamilies(words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		name := w
		switch w {
		case "vulnerabilities", "vulnerability":
			name = familyVuln
		case "secrets":
			name = familySecret
		case "misconfig", "config":
			name = familyImage
		}
		if !slices.Contains(families, name) {
			return nil, fmt.Errorf("%q is none of %s", w, strings.Join(families, ", "))
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// runs tells whether a family of checks is wanted.
func (o *Options) runs(family string) bool {
	return !o.ComponentsOnly && (o.Families == nil || slices.Contains(o.Families, family))
}

// leaveOut takes out what the options do not want to see, and says so.
func (o *Options) leaveOut(r *boltseal.Report) []string {
	if !o.Mine {
		return nil
	}
	before := len(r.Findings)
	r.Findings = slices.DeleteFunc(r.Findings, func(f boltseal.Finding) bool { return f.Origin == boltseal.OriginBase })
	if n := before - len(r.Findings); n > 0 {
		return []string{fmt.Sprintf("%d findings left out: the base image brought them", n)}
	}
	return nil
}
