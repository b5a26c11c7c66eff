package docker

import (
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// A revision of Git, in short or in full; a version as semver.org has it.
var (
	gitHash = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:[0-9a-f]{7,40}|[0-9a-f]{64})$`) })
	semver  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
	})
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/label-convention", Title: "a standard label that tools cannot go by", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3055", "hadolint:DL3056", "hadolint:DL3058"},
		Doc: `org.opencontainers.image.revision is what leads from an image back to the commit that it was built from, version is what updates are compared by, and authors
says whom to tell of a vulnerability. The specification leaves their form open; what reads them expects a revision of Git, a semantic version and an address to
write to. A revision such as "main" is true for a day. Other systems for versions and sources exist: accept the finding where one is meant.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("LABEL") {
			for _, pair := range step.Pairs {
				key, ours := strings.CutPrefix(strings.Trim(pair.Key.Text, `"'`), "org.opencontainers.image.")
				value, known := step.State.Vars.Expand(dockerfile.Unquote(pair.Value.Text, p.File.Escape), p.File.Escape)
				if !ours || !known || value == "" {
					continue
				}
				if should := labelConvention(key, value); should != "" {
					p.Report(pair.Key.Span, "the label "+key+" should be "+should+", not "+strconv.Quote(value))
				}
			}
		}
	},
})

// labelConvention says what a label is expected to hold, empty if it does.
func labelConvention(key, value string) string {
	switch key {
	case "revision":
		if !gitHash().MatchString(value) {
			return "the hash of a commit"
		}
	case "version":
		if !semver().MatchString(value) {
			return "a version such as 1.2.3"
		}
	case "authors":
		if _, err := mail.ParseAddressList(value); err != nil && !strings.Contains(value, "://") {
			return "an address to write to"
		}
	}
	return ""
}
