package scan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/audit"
	"github.com/boltseal/boltseal/check/custom"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/scan"
)

// Checks and controls are joined from both sides: no check names a control
// that is in no table, no table names a check that is not there, and every
// control is covered or says why not.
func TestControlsAndChecks(t *testing.T) {
	checks := scan.AuditChecks()
	exists := map[string]bool{}
	families := map[string]bool{}
	for _, c := range checks {
		exists[c.ID] = true
		families[audit.FamilyOf(c.ID)] = true
	}
	known := map[string]bool{}
	cover := audit.Cover(checks)
	for _, f := range audit.Frameworks() {
		for _, c := range f.Controls {
			known[c.ID] = true
			if len(cover[c.ID]) == 0 && c.Note == "" {
				t.Errorf("%s (%s): no check covers it, and nothing says why", c.ID, c.Title)
			}
			for _, clause := range c.Checks {
				family, wild := strings.CutSuffix(clause.Check, "/*")
				if !strings.HasPrefix(clause.Check, "@") && !exists[clause.Check] && (!wild || !families[family]) {
					t.Errorf("%s names check %s, which is not there", c.ID, clause.Check)
				}
			}
		}
	}
	for _, c := range checks {
		for _, id := range c.Controls {
			if !known[id] {
				t.Errorf("%s names control %s, which is in no table of audit/controls", c.ID, id)
			}
		}
	}
}

const appDockerfile = "FROM alpine:3.22@sha256:0000000000000000000000000000000000000000000000000000000000000000\nRUN apk add --no-cache nodejs\nCMD [\"node\", \"server.js\"]\n"

// A project and an image become one report; each control says what looked.
func TestAudit(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(appDockerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	image := "docker-archive:" + write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	opts := &scan.Options{DB: database(t), Now: clock}
	r, err := scan.Audit(t.Context(), []scan.Target{{Lint: dir, Scan: "dir:" + dir}, {Scan: image}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	outcome := func(id string) boltseal.Outcome {
		t.Helper()
		i := slices.IndexFunc(r.Scorecard.Controls, func(c boltseal.ControlResult) bool { return c.Control.ID == id })
		if i < 0 {
			t.Fatalf("no control %s", id)
		}
		return r.Scorecard.Controls[i].Outcome
	}
	for id, want := range map[string]boltseal.Outcome{
		"guide/non-root-user":    boltseal.OutcomeFail,
		"guide/sound-dockerfile": boltseal.OutcomePass,
		"guide/scanned":          boltseal.OutcomeFail,
		"guide/no-malware":       boltseal.OutcomeNotAssessed, // a lock file of the image is broken
		"guide/system-calls":     boltseal.OutcomeNotAssessed,
	} {
		if got := outcome(id); got != want {
			t.Errorf("%s: got %s, want %s; gaps %v", id, got, want, r.Gaps)
		}
	}
	if len(r.Components) == 0 || len(r.Children) == 0 || r.Snapshot == nil {
		t.Errorf("the image is not in the report: %d components, %d children", len(r.Components), len(r.Children))
	}

	// What the policy does not want to see still fails its control.
	hide := policy.Default()
	hide.Severities = []boltseal.Severity{boltseal.Critical}
	opts.Policy = hide
	hidden, err := scan.Audit(t.Context(), []scan.Target{{Lint: dir}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(hidden.Findings) != 0 || hidden.Scorecard.Tally.Failed == 0 {
		t.Errorf("%d findings, %d controls fail", len(hidden.Findings), hidden.Scorecard.Tally.Failed)
	}
}

// A target that cannot be opened is a gap beside one that can, and an error
// by itself; an empty folder is neither, and nothing of it passes.
func TestAuditWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	opts := &scan.Options{Now: clock}
	missing := scan.Target{Scan: "docker-archive:" + filepath.Join(dir, "none.tar")}
	if _, err := scan.Audit(t.Context(), []scan.Target{missing}, opts); err == nil {
		t.Error("no error")
	}
	r, err := scan.Audit(t.Context(), []scan.Target{{Lint: dir, Scan: "dir:" + dir}, missing}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Gaps) != 1 || r.Gaps[0].Kind != "unreadable-target" || r.Verdict.ExitStatus() != 3 {
		t.Errorf("gaps %+v, exit status %d", r.Gaps, r.Verdict.ExitStatus())
	}
	if r.Scorecard.Tally.Assessed() != 0 {
		t.Errorf("%d controls assessed", r.Scorecard.Tally.Assessed())
	}
	scan.HoldTo(r, 0)
	if r.Verdict.Allow || r.Verdict.ExitStatus() != 3 {
		t.Error("no score is held to be enough")
	}
}

// HoldTo blocks by the findings that cost points.
func TestHoldTo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(appDockerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := &scan.Options{Now: clock, Policy: &policy.Policy{}}
	r, err := scan.Audit(t.Context(), []scan.Target{{Lint: dir}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	score := r.Scorecard.Tally.Score
	if scan.HoldTo(r, score); r.Verdict.ExitStatus() != 0 {
		t.Errorf("a score of %d is under %d", score, score)
	}
	if scan.HoldTo(r, score+1); r.Verdict.ExitStatus() != 1 || len(r.Verdict.Blocking) == 0 || r.Verdict.Allow {
		t.Errorf("a score of %d is not under %d: %+v", score, score+1, r.Verdict)
	}
}

// A check over images sees their configuration as stored, and its finding is
// one of the image.
func TestOwnChecksOverImages(t *testing.T) {
	set, err := custom.Load("acme.yaml", []byte(`
checks:
- id: acme/user
  title: images name a user
  severity: high
  over: image
  expression: image.config.config.?User.orValue('') != ''
  controls: [CIS-DI-4.1]
- id: acme/openssl
  title: no openssl
  severity: low
  over: component
  expression: component.name != 'libssl3'
`))
	if err != nil {
		t.Fatal(err)
	}
	image := "docker-archive:" + write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	r, err := scan.Audit(t.Context(), []scan.Target{{Scan: image}}, &scan.Options{DB: database(t), Now: clock, Custom: []*custom.Set{set}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]boltseal.Finding{}
	for _, f := range r.Findings {
		found[f.Check] = f
	}
	if f := found["acme/user"]; f.Subject.Name == "" || f.Key == "" {
		t.Errorf("got %+v, gaps %v", f, r.Gaps)
	}
	if f := found["acme/openssl"]; f.Component == nil || f.Component.Name != "libssl3" {
		t.Errorf("got %+v", f)
	}
	for _, c := range r.Scorecard.Controls {
		if c.Control.ID == "CIS-DI-4.1" && !slices.Contains(c.Checks, "acme/user") {
			t.Errorf("the scorecard does not know of it: %+v", c)
		}
	}
}

// Paths are as the user would write them, whether lint or scan found
// something there, and what both find is one finding.
func TestAuditPaths(t *testing.T) {
	db := database(t)
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("deploy/web", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"deploy/web/Dockerfile":        "FROM scratch\nENV GH_TOKEN=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\n",
		"deploy/web/package-lock.json": `{"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.15"}}}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := scan.Audit(t.Context(), []scan.Target{{Lint: "deploy", Scan: "dir:deploy"}}, &scan.Options{DB: db, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, f := range r.Findings {
		n[audit.FamilyOf(f.Check)]++
		if !strings.HasPrefix(f.Location.File, "deploy/web/") {
			t.Errorf("%s is at %q", f.Check, f.Location.File)
		}
	}
	if n["secret"] != 1 || n["vuln"] == 0 || n["docker"] == 0 {
		t.Errorf("got %v", n)
	}
}

// Manifests of other kinds are nothing that roles, or the control plane, could
// have been looked for in.
func TestAuditKinds(t *testing.T) {
	outcomes := func(text string) map[string]boltseal.Outcome {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := scan.Audit(t.Context(), []scan.Target{{Lint: dir}}, &scan.Options{Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]boltseal.Outcome{}
		for _, c := range r.Scorecard.Controls {
			out[c.Control.ID] = c.Outcome
		}
		return out
	}
	const role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, namespace: b}\nrules: [{apiGroups: [\"\"], resources: [configmaps], verbs: [get]}]\n"
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec: {ports: [{port: 1}], selector: {a: b}}\n"
	if got := outcomes(service); got["CIS-K8S-5.1.3"] != boltseal.OutcomeNotAssessed || got["CIS-K8S-1.2.1"] != boltseal.OutcomeNotAssessed {
		t.Errorf("of a service: roles %s, API server %s", got["CIS-K8S-5.1.3"], got["CIS-K8S-1.2.1"])
	}
	if got := outcomes(service); got["guide/run-as-non-root"] != boltseal.OutcomeNotAssessed || got["guide/limits"] != boltseal.OutcomeNotAssessed {
		t.Errorf("of a service: pods that say runAsNonRoot %s, limits %s", got["guide/run-as-non-root"], got["guide/limits"])
	}
	if got := outcomes(role); got["CIS-K8S-5.1.3"] != boltseal.OutcomePass || got["CIS-K8S-1.2.1"] != boltseal.OutcomeNotAssessed {
		t.Errorf("of a role: roles %s, API server %s", got["CIS-K8S-5.1.3"], got["CIS-K8S-1.2.1"])
	}
	const apiserver = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\nspec: {containers: [{name: a, image: a, command: [kube-apiserver, --anonymous-auth=false]}]}\n"
	if got := outcomes(apiserver); got["CIS-K8S-1.2.1"] != boltseal.OutcomePass {
		t.Errorf("of an API server: %s", got["CIS-K8S-1.2.1"])
	}
}
