package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d.Add(24*time.Hour - time.Second)
}

// vulnerability makes a finding that each test then bends.
func vulnerability(id string, s boltseal.Severity, fixed ...string) boltseal.Finding {
	return boltseal.Finding{
		Key: "key-" + id, Check: "vuln/known", Severity: s, Score: 40, FixedIn: fixed,
		Advisory:  &boltseal.Advisory{ID: id, Aliases: []string{"GHSA-" + id}},
		Component: &boltseal.Component{PURL: "pkg:npm/%40babel/core@7.1.0", Name: "@babel/core"},
		Location:  boltseal.Location{File: "srv/app/node_modules/@babel/core/package.json"},
	}
}

func report(findings ...boltseal.Finding) *boltseal.Report {
	return &boltseal.Report{
		Artifact: boltseal.Artifact{Name: "acme/web:1", Platform: &boltseal.Platform{OS: "linux", Arch: "amd64"}},
		Findings: findings,
		Snapshot: &boltseal.Snapshot{ID: "sha256:1"},
	}
}

func TestThreshold(t *testing.T) {
	kev := vulnerability("CVE-1", boltseal.Medium, "2")
	kev.Advisory.KEV = &boltseal.KEV{}
	kev.Advisory.EPSS = &boltseal.EPSS{Score: 0.5}
	kev.Score, kev.Origin = 70, boltseal.OriginOwn
	malware := vulnerability("MAL-1", boltseal.Critical)
	malware.Advisory.Kind = boltseal.Malware
	findings := map[string]boltseal.Finding{
		"high fixed":   vulnerability("CVE-2", boltseal.High, "2"),
		"high unfixed": vulnerability("CVE-3", boltseal.High),
		"critical":     vulnerability("CVE-4", boltseal.Critical),
		"unknown":      vulnerability("CVE-5", boltseal.Unknown, "2"),
		"medium kev":   kev,
		"malware":      malware,
		"lint":         {Check: "docker/root-user", Severity: boltseal.High},
	}
	for _, c := range []struct {
		threshold string // alternatives split by " or "
		want      string
	}{
		{"none", ""},
		{"high", "critical, high fixed, high unfixed, lint, malware"},
		{"HIGH, Fixed", "high fixed, lint, malware"},
		{"critical", "critical, malware"},
		{"medium,kev", "medium kev"},
		{"high,kev", ""},
		{"kev", "medium kev"},
		{"malware", "malware"},
		{"own", "medium kev"},
		{"any", "critical, high fixed, high unfixed, lint, malware, medium kev, unknown"},
		{"negligible,fixed", "high fixed, lint, malware, medium kev"},
		{"score>=70", "medium kev"},
		{"score:70.5", ""},
		{"epss>=0.5", "medium kev"},
		{"epss:0.51", ""},
		{"critical or kev", "critical, malware, medium kev"},
	} {
		parsed, err := policy.ParseThreshold(strings.Split(c.threshold, " or ")...)
		if err != nil {
			t.Errorf("ParseThreshold(%q): %v", c.threshold, err)
			continue
		}
		var got []string
		for _, name := range []string{"critical", "high fixed", "high unfixed", "lint", "malware", "medium kev", "unknown"} {
			f := findings[name]
			if parsed.Blocks(&f) {
				got = append(got, name)
			}
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%q blocks %q, want %q", c.threshold, got, c.want)
		}
		again, err := policy.ParseThreshold(strings.Split(parsed.String(), " or ")...)
		if err != nil || again.String() != parsed.String() {
			t.Errorf("%q: String() gives %q, which reads as %q, %v", c.threshold, parsed, again, err)
		}
	}
}

func TestThresholdErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":              "none of critical",
		"high,":         "none of critical",
		"hihg":          `"hihg" is none of`,
		"high,critical": "name one severity",
		"high,none":     "stands alone",
		"score":         "in quotes",
		"score>70":      "in quotes",
		"score>=101":    "from 0 to 100",
		"score>=NaN":    "from 0 to 100",
		"epss>=70":      "from 0 to 1",
		"unknown":       "none of critical",
	} {
		if _, err := policy.ParseThreshold(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseThreshold(%q) gives %v, want an error with %q", in, err, want)
		}
	}
	if _, err := policy.ParseThreshold("high", "none"); err == nil {
		t.Error("none beside another threshold: no error")
	}
}

func TestDefaultVerdicts(t *testing.T) {
	gap := boltseal.Gap{Kind: "unsupported-distro", What: "distro arch", Why: "no feed"}
	for _, c := range []struct {
		name   string
		report *boltseal.Report
		exit   int
		allow  bool
		reason string
	}{
		{"clean", report(), 0, true, ""},
		{"high without a fix", report(vulnerability("CVE-1", boltseal.High)), 0, true, ""},
		{"high with a fix", report(vulnerability("CVE-1", boltseal.High, "2")), 1, false, `1 finding at or above the threshold "high,fixed"`},
		{"gap", &boltseal.Report{Gaps: []boltseal.Gap{gap, gap}}, 3, false, "2 gaps that the policy does not allow: unsupported-distro (2)"},
		{"gap and finding", &boltseal.Report{Gaps: []boltseal.Gap{gap}, Findings: []boltseal.Finding{vulnerability("CVE-1", boltseal.High, "2")}}, 1, false,
			`1 finding at or above the threshold "high,fixed"; 1 gap that the policy does not allow: unsupported-distro`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p *policy.Policy
			p.Judge(c.report, now)
			v := c.report.Verdict
			if v.ExitStatus() != c.exit || v.Allow != c.allow {
				t.Errorf("exit status %d, allow %v; want %d, %v", v.ExitStatus(), v.Allow, c.exit, c.allow)
			}
			if got := strings.Join(v.Reasons, "; "); got != c.reason {
				t.Errorf("reasons %q, want %q", got, c.reason)
			}
			if !strings.HasPrefix(string(v.Policy), "sha256:") {
				t.Errorf("policy digest %q", v.Policy)
			}
		})
	}
}

func TestAllowGaps(t *testing.T) {
	r := report()
	r.Gaps = []boltseal.Gap{{Kind: "unreadable-file"}, {Kind: "unsupported-distro"}, {Kind: "unsupported-ecosystem"}}
	for allow, want := range map[string]int{"": 3, "unreadable-file": 2, "unsupported-*": 1, "*": 0, "unreadable": 3} {
		p := policy.Default()
		p.AllowGaps = []string{allow}
		p.Judge(r, now)
		if r.Verdict.Gaps != want {
			t.Errorf("allow-gaps %q leaves %d, want %d", allow, r.Verdict.Gaps, want)
		}
	}
}

func TestFilters(t *testing.T) {
	malware := vulnerability("MAL-1", boltseal.Critical)
	malware.Advisory.Kind = boltseal.Malware
	r := report(
		vulnerability("CVE-1", boltseal.Low, "2"),
		vulnerability("CVE-2", boltseal.High),
		vulnerability("CVE-3", boltseal.High, "2"),
		malware,
		boltseal.Finding{Check: "docker/root-user", Severity: boltseal.High},
	)
	p := policy.Default()
	p.Severities = []boltseal.Severity{boltseal.Critical, boltseal.High}
	p.OnlyFixed = true
	p.Judge(r, now)
	var got []string
	for _, f := range r.Findings {
		if f.Advisory != nil {
			got = append(got, f.Advisory.ID)
		} else {
			got = append(got, f.Check)
		}
	}
	if d := cmp.Diff(got, []string{"MAL-1", "CVE-3", "docker/root-user"}); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
	reasons := strings.Join(r.Verdict.Reasons, "; ")
	for _, want := range []string{"1 finding left out: not of severity critical or high", "1 finding left out: no fixed version is known"} {
		if !strings.Contains(reasons, want) {
			t.Errorf("reasons %q lack %q", reasons, want)
		}
	}
}

func waiver(w boltseal.Waiver) boltseal.Waiver {
	w.Reason, w.Owner, w.Source = "not reachable", "alice", "boltseal.yaml"
	if w.Expires.IsZero() {
		w.Expires = day("2027-01-31")
	}
	return w
}

func TestWaiverMatches(t *testing.T) {
	twice := vulnerability("CVE-1", boltseal.High, "2")
	twice.Locations = []boltseal.Location{twice.Location, {File: "opt/x/package.json"}}
	once := vulnerability("CVE-1", boltseal.High, "2")
	checks := []boltseal.Check{{ID: "vuln/known", Aliases: []string{"grype:vulnerability"}}}
	for _, c := range []struct {
		name    string
		finding boltseal.Finding
		waiver  boltseal.Waiver
		want    bool
	}{
		{"id", once, boltseal.Waiver{ID: "CVE-1"}, true},
		{"other id", once, boltseal.Waiver{ID: "CVE-12"}, false},
		{"start of an id", once, boltseal.Waiver{ID: "CVE"}, false},
		{"alias", once, boltseal.Waiver{ID: "GHSA-CVE-1"}, true},
		{"check", once, boltseal.Waiver{ID: "vuln/known"}, true},
		{"check alias", once, boltseal.Waiver{ID: "grype:vulnerability"}, true},
		{"check family", once, boltseal.Waiver{ID: "vuln/*"}, true},
		{"star stays in its segment", boltseal.Finding{Check: "docker/root-user"}, boltseal.Waiver{ID: "*"}, false},
		{"purl of any version", once, boltseal.Waiver{PURL: "pkg:npm/@babel/core"}, true},
		{"purl as it is", once, boltseal.Waiver{PURL: "pkg:npm/%40babel/core@7.1.0"}, true},
		{"purl of another version", once, boltseal.Waiver{PURL: "pkg:npm/@babel/core@7.1.1"}, false},
		{"purl with a version pattern", once, boltseal.Waiver{PURL: "pkg:npm/@babel/core@7.*"}, true},
		{"purl of a scope", once, boltseal.Waiver{PURL: "pkg:npm/@babel/*"}, true},
		{"purl of another scope", once, boltseal.Waiver{PURL: "pkg:npm/@types/*"}, false},
		{"star does not cross the scope", once, boltseal.Waiver{PURL: "pkg:npm/*"}, false},
		{"two stars do", once, boltseal.Waiver{PURL: "pkg:npm/**"}, true},
		{"purl with a qualifier", once, boltseal.Waiver{PURL: "pkg:npm/@babel/core?arch=amd64"}, false},
		{"purl for a finding without a component", boltseal.Finding{Check: "docker/root-user"}, boltseal.Waiver{PURL: "pkg:npm/**"}, false},
		{"path", once, boltseal.Waiver{Path: "srv/app/**"}, true},
		{"path from the root", once, boltseal.Waiver{Path: "/srv/**"}, true},
		{"path by its end", once, boltseal.Waiver{Path: "**/package.json"}, true},
		{"path of a folder only", once, boltseal.Waiver{Path: "srv/app"}, false},
		{"path of one of two places", twice, boltseal.Waiver{Path: "srv/**"}, false},
		{"path of both places", twice, boltseal.Waiver{Path: "**/package.json"}, true},
		{"key", once, boltseal.Waiver{Key: "key-CVE-1"}, true},
		{"other key", once, boltseal.Waiver{Key: "key"}, false},
		{"all must hold", once, boltseal.Waiver{ID: "CVE-1", PURL: "pkg:npm/lodash"}, false},
		{"both hold", once, boltseal.Waiver{ID: "CVE-1", PURL: "pkg:npm/@babel/core", Path: "srv/**"}, true},
		{"last second", once, boltseal.Waiver{ID: "CVE-1", Expires: day("2026-11-21")}, true},
		{"expired yesterday", once, boltseal.Waiver{ID: "CVE-1", Expires: day("2026-11-20")}, false},
		{"nothing said", once, boltseal.Waiver{}, false},
		{"unreadable purl", once, boltseal.Waiver{PURL: "lodash"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy.Default()
			p.Checks = checks
			p.Waivers = []boltseal.Waiver{waiver(c.waiver)}
			r := report(c.finding)
			p.Judge(r, now)
			got := false
			for _, f := range r.Findings {
				got = got || f.Waived != nil
			}
			if got != c.want {
				t.Errorf("waived %v, want %v", got, c.want)
			}
			if got && (r.Verdict.Waived != 1 || len(r.Verdict.Blocking) != 0) {
				t.Errorf("a waived finding gives %+v", r.Verdict)
			}
		})
	}
}

func TestFindingsAboutWaivers(t *testing.T) {
	p, err := policy.Load("boltseal.yaml", []byte(`
waivers:
  - {id: CVE-1, reason: r, owner: alice, expires: 2027-01-01}
  - {id: CVE-2, reason: the fix breaks us, owner: bob, expires: 2026-11-20}
  - {id: CVE-3, purl: pkg:npm/lodash, reason: r, owner: carol, expires: 2027-01-01}
  - {id: docker/root-user, reason: this scan does not lint, owner: carol, expires: 2027-01-01}
  - {id: vuln/malware, reason: ran and found none, owner: carol, expires: 2027-01-01}
`))
	if err != nil {
		t.Fatal(err)
	}
	p.Checks = []boltseal.Check{{ID: "vuln/known"}, {ID: "vuln/malware"}}
	r := report(vulnerability("CVE-1", boltseal.High, "2"), vulnerability("CVE-2", boltseal.High, "2"))
	p.Judge(r, now)
	want := `high vuln/known CVE-1 waived
high vuln/known CVE-2
medium policy/expired-waiver boltseal.yaml:4 waiver of CVE-2 by bob expired on 2026-11-20: the fix breaks us
low policy/unused-waiver boltseal.yaml:5 waiver of CVE-3 pkg:npm/lodash by carol matches no finding: r
low policy/unused-waiver boltseal.yaml:7 waiver of vuln/malware by carol matches no finding: ran and found none
`
	if d := cmp.Diff(list(r), want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
	keys := map[string]bool{}
	for _, f := range r.Findings {
		keys[f.Key] = true
	}
	if len(keys) != len(r.Findings) {
		t.Errorf("%d keys for %d findings", len(keys), len(r.Findings))
	}

	p.Judge(r, now)
	if d := cmp.Diff(list(r), want); d != "" {
		t.Errorf("judged again (-got +want)\n%s", d)
	}

	p.IgnoreUnusedWaivers = true
	p.Judge(r, now)
	if got := list(r); strings.Contains(got, "unused") || !strings.Contains(got, "expired") {
		t.Errorf("unused-waivers: ignore gives\n%s", got)
	}

	// Without advisory data nobody can say that a waiver of an advisory is unused.
	p.IgnoreUnusedWaivers = false
	r = report()
	r.Snapshot = nil
	p.Judge(r, now)
	if got := list(r); strings.Contains(got, "CVE-3") {
		t.Errorf("no advisory data gives\n%s", got)
	}
}

func list(r *boltseal.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s", f.Severity, f.Check)
		if f.Advisory != nil {
			fmt.Fprintf(&b, " %s", f.Advisory.ID)
		} else {
			fmt.Fprintf(&b, " %s:%d %s", f.Location.File, f.Location.Line, f.Message)
		}
		if f.Waived != nil {
			b.WriteString(" waived")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// The digest names what decides, not the file it stood in.
func TestPolicyDigest(t *testing.T) {
	digest := func(p *policy.Policy) boltseal.Digest {
		r := report()
		p.Judge(r, now)
		return r.Verdict.Policy
	}
	load := func(name, text string) *policy.Policy {
		p, err := policy.Load(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const text = "fail-on: critical\nwaivers: [{id: CVE-1, reason: r, owner: o, expires: 2027-01-01}]\n"
	if a, b := digest(load("a.yaml", text)), digest(load("b.yaml", "# b\n"+text)); a != b {
		t.Errorf("the same policy in two files: %s and %s", a, b)
	}
	if a, b := digest(load("a.yaml", text)), digest(load("a.yaml", strings.Replace(text, "critical", "high", 1))); a == b {
		t.Error("two policies have one digest")
	}
}

func BenchmarkJudge(b *testing.B) {
	var findings []boltseal.Finding
	for i := range 2000 {
		findings = append(findings, vulnerability(fmt.Sprintf("CVE-2024-%d", i), boltseal.Severity(i%6), "2"))
	}
	p := policy.Default()
	for i := range 200 {
		p.Waivers = append(p.Waivers, waiver(boltseal.Waiver{ID: fmt.Sprintf("CVE-2024-%d", i), PURL: "pkg:npm/@babel/*"}))
	}
	r := report(findings...)
	for b.Loop() {
		p.Judge(r, now)
	}
}

// What a comment in a file accepts stays accepted, unless the policy refuses
// that.
func TestCommentsInFiles(t *testing.T) {
	r := &boltseal.Report{Findings: []boltseal.Finding{{
		Check: "docker/root-user", Severity: boltseal.High, Waived: &boltseal.Waiver{Reason: "hadolint ignore=DL3002", Source: "Dockerfile", Comment: true},
	}}}
	p := policy.Default()
	for range 2 {
		p.Judge(r, time.Time{})
		if !r.Verdict.Allow || r.Verdict.Waived != 1 || r.Findings[0].Waived == nil {
			t.Errorf("honoured: got %+v", r.Verdict)
		}
	}
	p.NoComments = true
	p.Judge(r, time.Time{})
	if r.Verdict.Allow || r.Verdict.Waived != 0 || r.Findings[0].Waived != nil {
		t.Errorf("refused: got %+v", r.Verdict)
	}
}
