package kube

import (
	"regexp"
	"strconv"
	"sync"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/invalid-image", Title: "an image name that is not one", Severity: boltseal.High,
		Doc: `The runtime cannot read the name, and the pod stays in InvalidImageName. Names are lower case; a tag has at most 128 letters, digits, dots,
dashes and underscores; a digest is sha256: and 64 hexadecimal digits.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if !unfilled(c.Image) && !imageName().MatchString(c.Image) {
				p.At(c, names("image"), strconv.Quote(c.Image)+" is no image name")
			}
		}
	},
})

// imageName is the grammar of references (distribution/reference).
var imageName = sync.OnceValue(func() *regexp.Regexp {
	const part = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
	return regexp.MustCompile(`^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?` + part + `(?:/` + part +
		`)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`)
})
