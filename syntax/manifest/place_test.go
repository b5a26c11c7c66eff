package manifest_test

import (
	"strings"
	"testing"

	"github.com/boltseal/boltseal/syntax/manifest"
)

func TestPlace(t *testing.T) {
	for _, source := range []string{
		"a: x needle y\n", "a: 'x needle y'\n", "a: \"x needle y\"\n", "a: |\n  first\n\n    needle\n  last\nb: c\n", "- |-\n x\n needle", "a: |\r\n  x\r\n  needle y\r\n",
		"a: |2\n    needle\n", "- a: |+\n    needle\n\n\n",
	} {
		f := manifest.Parse("x.yaml", []byte(source))
		n := f.Docs[0].Root.Get("a")
		if n == nil {
			if n = f.Docs[0].Root.Get("0"); n.Kind != manifest.Scalar {
				n = n.Get("a")
			}
		}
		i := strings.Index(n.Value, "needle")
		if got := f.Text(f.Place(n, i, i+6)); got != "needle" {
			t.Errorf("%q: got %q", source, got)
		}
		if got := f.Place(n, 0, len(n.Value)); got.Start < n.Span.Start || got.End > n.Span.End {
			t.Errorf("%q: %v is not in %v", source, got, n.Span)
		}
	}
	f := manifest.Parse("x.yaml", []byte("a: \"x\\nneedle\"\n"))
	if n := f.Docs[0].Root.Get("a"); f.Place(n, 2, 8) != n.Span {
		t.Errorf("got %v", f.Place(n, 2, 8))
	}
}
