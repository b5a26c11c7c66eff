package kube_test

import (
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// The pods with which Kubernetes tests its own admission, in every version of
// both levels: one that has to pass brings no finding about the level, one
// that has to fail brings a finding of a rule for the check it is named after.
func TestPodSecurityAdmissionTestdata(t *testing.T) {
	cache := os.Getenv("GOMODCACHE")
	if cache == "" {
		cache = filepath.Join(filepath.SplitList(build.Default.GOPATH)[0], "pkg", "mod")
	}
	files, err := filepath.Glob(filepath.Join(cache, "k8s.io", "pod-security-admission@v0.37.2", "test", "testdata", "*", "v*", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Skip("the module's test data is not in the module cache")
	}
	byFile := map[string][]string{} // the check's id in lower case, as files are named
	for id, slugs := range standardRules {
		byFile[strings.ToLower(string(id))] = slugs
	}
	byFile["restrictedvolumes"] = standardRules["restrictedVolumes"]
	number := regexp.MustCompile(`\d*\.yaml$`)
	looked := 0
	for _, file := range files {
		parts := strings.Split(filepath.ToSlash(file), "/")
		level, version, verdict, base := parts[len(parts)-4], parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := levelFindings(source, level, version)
		looked++
		switch slugs := byFile[strings.ToLower(number.ReplaceAllString(base, ""))]; {
		case verdict == "pass" && len(found) > 0:
			t.Errorf("%s %s %s passes, got %v", level, version, base, found)
		case verdict == "fail" && len(slugs) == 0:
			t.Errorf("no rules are known for %s", base)
		case verdict == "fail" && !slices.ContainsFunc(slugs, func(s string) bool { return slices.Contains(found, s) }):
			t.Errorf("%s %s %s fails, got %v", level, version, base, found)
		}
	}
	t.Logf("%d pods", looked)
}

// levelFindings are the slugs of the rules about a level that find something.
func levelFindings(source []byte, level, version string) []string {
	var rules []kube.Rule
	for _, r := range kube.Rules() {
		slug := strings.TrimPrefix(r.ID, "kube/")
		for id, slugs := range standardRules {
			restricted := strings.HasSuffix(string(id), "_restricted") || slices.Contains([]string{"allowPrivilegeEscalation", "restrictedVolumes", "runAsNonRoot", "runAsUser"}, string(id))
			if slices.Contains(slugs, slug) && (level == "restricted" || !restricted) {
				rules = append(rules, r)
				break
			}
		}
	}
	findings, _ := kube.Run([]*manifest.File{manifest.Parse("pod.yaml", source)}, rules, &kube.Options{PodSecurity: version})
	var out []string
	for _, f := range findings {
		out = append(out, strings.TrimPrefix(f.Check, "kube/"))
	}
	return out
}
