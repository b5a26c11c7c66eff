package docker

import (
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/libc-version-mismatch", Title: "compiled files go to a base with an older C library", Severity: boltseal.Medium,
		Doc: `A program or module that was compiled on a newer Debian or Ubuntu asks for symbols that an older glibc does not have, and ends with
"version GLIBC_2.34 not found" when it is loaded. glibc is compatible in one direction only: build on the release that runs, or on an
older one.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			there, here := p.sourceBase(step), step.In.BaseImage()
			if step.behind("rebuild") || !newer(there.Glibc, here.Glibc) {
				continue
			}
			from := p.origin(step)
			for _, source := range sources(step) {
				what := compiled(from, source)
				if dir := path.Dir(source); what == "" && (dir == "/usr/local/bin" || dir == "/usr/bin" || dir == "/bin") && there.Has(path.Base(source)) {
					what = "the program"
				}
				if what == "" && from != nil && strings.HasPrefix(source, "/") {
					if _, ok := from.End().past.goBinaries.below(path.Clean(source)); ok {
						what = "what go built with cgo"
					}
				}
				if what != "" {
					p.Report(step.Span, what+" in "+source+" was built for glibc "+there.Glibc+", and this stage has "+here.Glibc)
					break
				}
			}
		}
	},
})

// newer tells whether version a is above b; both must be known.
func newer(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(left), len(right)) {
		x, errX := strconv.Atoi(left[i])
		y, errY := strconv.Atoi(right[i])
		if errX != nil || errY != nil {
			return false
		}
		if x != y {
			return x > y
		}
	}
	return len(left) > len(right)
}
