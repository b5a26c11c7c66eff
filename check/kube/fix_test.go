package kube_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Over a corpus of layouts: with all fixes, every workload passes the
// restricted standard of Kubernetes' own evaluator, comments and line endings
// stay, the file parses, and fixing again changes nothing.
func TestFixesOverTheCorpus(t *testing.T) {
	names, err := filepath.Glob("testdata/fix/*.*")
	if err != nil || len(names) < 10 {
		t.Fatalf("got %d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, unsafe := range []bool{false, true} {
				once := applyAll(t, source, unsafe)
				if twice := applyAll(t, once.Content, unsafe); !bytes.Equal(once.Content, twice.Content) {
					t.Errorf("fixed twice:\n%s\nthen\n%s", once.Content, twice.Content)
				}
				keeps(t, source, once.Content)
				for _, left := range once.Left {
					if slices.ContainsFunc(left.Fixes, func(f boltseal.Fix) bool { return !f.Resolve && (unsafe || f.Safe) }) {
						t.Errorf("unsafe %v: line %d: %s: %s: still there after its fix\n%s", unsafe, left.Location.Line, left.Check, left.Message, once.Content)
					}
				}
				if unsafe {
					restricted(t, name, once.Content)
				}
			}
		})
	}
}

func applyAll(t *testing.T, source []byte, unsafe bool) *remedy.Done {
	t.Helper()
	done, err := remedy.Apply(source, lint, &remedy.Options{Unsafe: unsafe})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func lint(source []byte) ([]boltseal.Finding, error) {
	findings, _ := kube.Run([]*manifest.File{manifest.Parse("app.yaml", source)}, kube.Rules(), nil)
	return findings, nil
}

// keeps checks that fixes leave alone what is not theirs.
func keeps(t *testing.T, before, after []byte) {
	t.Helper()
	old, fixed := manifest.Parse("", before), manifest.Parse("", after)
	if len(fixed.Errors) > len(old.Errors) || len(fixed.Objects()) < len(old.Objects()) {
		t.Errorf("%v, %d objects of %d\n%s", fixed.Errors, len(fixed.Objects()), len(old.Objects()), after)
	}
	var comments []string
	for c := range fixed.Comments() {
		comments = append(comments, c.Text)
	}
	for c := range old.Comments() {
		if !slices.Contains(comments, c.Text) {
			t.Errorf("the comment %q is lost\n%s", c.Text, after)
		}
	}
	if bytes.Contains(before, []byte("\r\n")) && bytes.Count(after, []byte("\r\n")) != bytes.Count(after, []byte("\n")) {
		t.Errorf("line endings are mixed: %q", after)
	}
}

// restricted asks Kubernetes' evaluator about every pod template of a file.
func restricted(t *testing.T, name string, source []byte) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	pods := 0
	for _, o := range manifest.Parse(name, source).Objects() {
		for _, path := range []string{"", "spec.template", "spec.jobTemplate.spec.template"} {
			at := o.Node
			if path != "" {
				at = at.Get(strings.Split(path, ".")...)
			}
			if at.Get("spec", "containers") == nil {
				continue
			}
			var spec corev1.PodSpec
			if err := at.Get("spec").Decode(&spec); err != nil {
				t.Fatalf("%v\n%s", err, source)
			}
			pods++
			results := policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &metav1.ObjectMeta{}, &spec))
			if !results.Allowed {
				t.Errorf("%s: %s\n%s", o.Name, results.ForbiddenDetail(), source)
			}
			for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
				if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
					t.Errorf("%s of %s can write to its root file system\n%s", c.Name, o.Name, source)
				}
				for _, m := range c.VolumeMounts {
					template := o.Node.Get("spec", "volumeClaimTemplates", "0", "metadata", "name").Str()
					if m.Name != template && !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
						t.Errorf("%s mounts %s, which is no volume\n%s", c.Name, m.Name, source)
					}
				}
			}
		}
	}
	if pods == 0 {
		t.Error("no pods were looked at")
	}
}

// Digests that a registry gives are written behind the tag, in every style.
func TestImagesArePinned(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct{ before, after string }{
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: c\n    image: nginx:1.27 # web\n", "    image: nginx:1.27@" + digest + " # web\n"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: c, image: \"nginx:1.27\"}\n", `image: "nginx:1.27@` + digest + `"}`},
		{`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"nginx:1.27"}]}}`, `"image":"nginx:1.27@` + digest + `"`},
	} {
		accept := func(f boltseal.Finding) bool { return f.Check == "kube/image-not-pinned" }
		resolve := func(string) (boltseal.Digest, error) { return digest, nil }
		done, err := remedy.Apply([]byte(c.before), lint, &remedy.Options{Accept: accept, Resolve: resolve})
		if err != nil || !strings.Contains(string(done.Content), c.after) {
			t.Errorf("want %q, got\n%s\n%v", c.after, done.Content, err)
		}
	}
}
