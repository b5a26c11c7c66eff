package scan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/scan"
)

func TestImageRulesFromEndToEnd(t *testing.T) {
	im := testimage.Parse(t, `-- CONFIG --
{"config": {"User": "app", "Healthcheck": {"Test": ["CMD", "/x"]}}, "created": "2020-01-01T00:00:00Z"}
-- LAYER: COPY . / --
-- etc/passwd --
root:x:0:0::/root:/bin/sh
app::0:0::/:/bin/sh
-- usr/bin/su (mode 4755) --
x
-- opt/big (random 3000000) --
-- EMPTY: CMD ["x"] --
-- LAYER: RUN rm /opt/big --
-- opt/.wh.big --
`)
	layout := t.TempDir()
	testimage.NewLayout(im).Write(t, layout)
	cache := &memory{}
	want := []string{"duplicate-id", "empty-password", "labels", "old", "root-user", "setuid-files", "user-name", "wasted-space"}
	for range 2 {
		r := run(t, "oci:"+layout, &scan.Options{Families: []string{"image"}, Cache: cache})
		var got []string
		keys := map[string]bool{}
		for _, f := range r.Findings {
			got = append(got, strings.TrimPrefix(f.Check, "image/"))
			if f.Key == "" || keys[f.Key] || f.Subject.Name == "" {
				t.Errorf("%s: key %q stands twice or is empty", f.Check, f.Key)
			}
			keys[f.Key] = true
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
	}
	if cache.hits != 1 {
		t.Errorf("%d hits, want 1", cache.hits)
	}
}

func TestOnlyMine(t *testing.T) {
	layout := t.TempDir()
	testimage.NewLayout(leakyImage(t)).Write(t, layout)
	r := run(t, "oci:"+layout, &scan.Options{Families: []string{"secret"}, Mine: true})
	for _, f := range r.Findings {
		if f.Origin == boltseal.OriginBase {
			t.Errorf("got %s of the base image", f.Message)
		}
	}
	if !slices.ContainsFunc(r.Verdict.Reasons, func(s string) bool { return strings.Contains(s, "2 findings left out") }) {
		t.Errorf("got %q, want to be told what was left out", r.Verdict.Reasons)
	}
}
