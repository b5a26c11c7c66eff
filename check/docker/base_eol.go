package docker

import (
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/base-eol", Title: "the base image is past its end of life", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.4", "NIST-800-190/4.1.1"},
		Doc: `After a release's end of life nobody mends what is found in it: every advisory from then on stays open for good, whatever is rebuilt. Move
to a release that is still cared for.`,
	},
	Run: func(p *Pass) {
		if p.Options.Now.IsZero() {
			return
		}
		for _, s := range p.Stages {
			if s.Base != nil {
				continue
			}
			if eol := s.known.EOL; !eol.IsZero() && p.Options.Now.After(eol) {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" is past its end of life: nobody has mended it since "+eol.Format(time.DateOnly))
				continue
			}
			if name, eol := systemOf(s.Image); !eol.IsZero() && p.Options.Now.After(eol) {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" stands on "+name+", which nobody has mended since "+eol.Format(time.DateOnly))
			}
		}
	},
})

// systemOf is the distribution that an image's tag says it stands on, and its
// end of life: node:24-bullseye, python:3.13-alpine3.19.
func systemOf(r Ref) (string, time.Time) {
	if !r.Known {
		return "", time.Time{}
	}
	for word := range strings.SplitSeq(r.Tag, "-") {
		if version, ok := strings.CutPrefix(word, "alpine"); ok && version != "" {
			return "Alpine " + version, baseOf(parseRef("alpine:"+version, true)).EOL
		}
		if b := baseOf(parseRef("debian:"+word, true)); releases[word] != "" && !b.EOL.IsZero() {
			return "Debian " + word, b.EOL
		}
	}
	return "", time.Time{}
}
