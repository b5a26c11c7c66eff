package docker

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/label-value", Title: "a standard label has a value of another kind", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3052", "hadolint:DL3053", "hadolint:DL3054"},
		Doc: `The OCI image specification says what its labels hold: created is a time as in RFC 3339, url, source and documentation are addresses, and
licenses is an SPDX expression. Tools that read them drop what is not.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("LABEL") {
			for _, pair := range step.Pairs {
				key := strings.TrimPrefix(strings.Trim(pair.Key.Text, `"'`), "org.opencontainers.image.")
				value, known := step.State.Vars.Expand(dockerfile.Unquote(pair.Value.Text, p.File.Escape), p.File.Escape)
				if !known || value == "" || key == strings.Trim(pair.Key.Text, `"'`) {
					continue
				}
				if should := labelKind(key, value); should != "" {
					p.Report(pair.Key.Span, "the label "+key+" should be "+should+", not "+strconv.Quote(value))
				}
			}
		}
	},
})

// labelKind says what a label of the OCI specification should hold, empty if
// the value is that.
func labelKind(key, value string) string {
	switch key {
	case "created":
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "a time as in RFC 3339"
		}
	case "url", "source", "documentation":
		if u, err := url.Parse(value); err != nil || u.Scheme == "" || u.Host == "" {
			return "an address"
		}
	case "licenses":
		if strings.ContainsAny(value, ",;&") || strings.Contains(value, "icense ") && !strings.Contains(value, "icenseRef") {
			return "an SPDX expression"
		}
	}
	return ""
}
