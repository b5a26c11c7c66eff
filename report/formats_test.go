package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
)

// decode reads JSON that a format wrote into what its readers would use.
func decode(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// What GitLab's schema 15 asks of every report: a location and an identifier
// for each vulnerability, times without a zone, one id for each.
func TestGitLab(t *testing.T) {
	for name, r := range map[string]*boltseal.Report{"shared": shared(t), "hostile": hostile(t), "empty": {}} {
		var doc struct {
			Version string
			Scan    struct {
				Type, Status string
				Start        string `json:"start_time"`
				Messages     []struct{ Level, Value string }
			}
			Vulnerabilities []struct {
				ID, Name, Severity string
				Identifiers        []struct{ Type, Name, Value, URL string }
				Location           struct {
					Dependency struct {
						Package struct{ Name string }
						Version string
					}
					System string `json:"operating_system"`
					Image  string
				}
				Links []struct{ URL string }
			}
		}
		decode(t, write(t, "gitlab", r, nil), &doc)
		if _, err := time.Parse("2006-01-02T15:04:05", doc.Scan.Start); err != nil || doc.Scan.Type != "container_scanning" || doc.Version == "" {
			t.Errorf("%s: scan %+v", name, doc.Scan)
		}
		ids := map[string]bool{}
		uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
		for _, v := range doc.Vulnerabilities {
			if !uuid.MatchString(v.ID) || ids[v.ID] {
				t.Errorf("%s: id %q", name, v.ID)
			}
			ids[v.ID] = true
			if len(v.Identifiers) == 0 || v.Location.Dependency.Package.Name == "" || v.Location.System == "" || v.Location.Image == "" || len(v.Name) > 255 {
				t.Errorf("%s: %+v", name, v)
			}
			for _, i := range v.Identifiers {
				if i.Type == "" || i.Name == "" || i.Value == "" || len(i.Name) > 258 {
					t.Errorf("%s: identifier %+v", name, i)
				}
			}
			for _, l := range v.Links {
				if !strings.HasPrefix(l.URL, "http") {
					t.Errorf("%s: link %q", name, l.URL)
				}
			}
		}
		if name == "shared" && (len(doc.Vulnerabilities) < 8 || len(doc.Scan.Messages) < 3) {
			t.Errorf("%d vulnerabilities, messages %v", len(doc.Vulnerabilities), doc.Scan.Messages)
		}
	}
}

// A text from outside stays in its command: no line begins with a command
// that is not ours, and properties hold no bare colon or comma.
func TestGitHubCommands(t *testing.T) {
	r := hostile(t)
	for i := range r.Findings {
		r.Findings[i].Message = "x\n::set-output name=a::b\r\n::add-mask::c%0A::error::d"
	}
	line := regexp.MustCompile(`^::(error|warning|notice) (file=[^:,]*,(line=\d+,(col=\d+,)?)?)?title=[^:,]*::.*$`)
	n := 0
	for text := range strings.Lines(write(t, "github", r, nil)) {
		n++
		if text = strings.TrimSuffix(text, "\n"); !line.MatchString(text) {
			t.Errorf("%q", text)
		}
	}
	if n == 0 {
		t.Error("no commands")
	}
	text := write(t, "github", scored(t), nil)
	if !strings.Contains(text, "::error file=build/Dockerfile,line=1,col=1,title=docker/root-user (high)::no USER is set") {
		t.Errorf("got\n%s", text)
	}
	if strings.Contains(text, "file=opt/shop") {
		t.Error("a path inside an image is shown as one of the repository")
	}
}

// Fields that readers of Trivy's and Grype's JSON rely on.
func TestPeersJSON(t *testing.T) {
	checks := []boltseal.Check{{ID: "docker/root-user", Title: "container runs as root", Doc: "why", Aliases: []string{"trivy:DS-0002"}}}
	var trivy struct {
		SchemaVersion int
		ArtifactType  string
		Metadata      struct{ OS struct{ Family, Name string } }
		Results       []struct {
			Target, Class, Type string
			Vulnerabilities     []struct {
				VulnerabilityID, PkgName, InstalledVersion, FixedVersion, Severity, Status string
				PkgIdentifier                                                              struct{ PURL string }
				Layer                                                                      struct{ DiffID string }
			}
			Misconfigurations []struct{ ID, AVDID, Status, Severity string }
		}
	}
	decode(t, write(t, "trivy-json", scored(t), &report.Options{Checks: checks}), &trivy)
	if trivy.SchemaVersion != 2 || trivy.ArtifactType != "container_image" || trivy.Metadata.OS.Family != "debian" {
		t.Errorf("got %+v", trivy)
	}
	seen := map[string]string{}
	for _, r := range trivy.Results {
		for _, v := range r.Vulnerabilities {
			seen[v.VulnerabilityID+" "+v.PkgName] = r.Class + " " + r.Type + " " + v.Severity + " " + v.Status + " " + v.FixedVersion
			if v.PkgIdentifier.PURL == "" {
				t.Errorf("%s has no purl", v.VulnerabilityID)
			}
		}
		for _, m := range r.Misconfigurations {
			seen[m.AVDID] = r.Class + " " + r.Type + " " + m.ID + " " + m.Status
		}
	}
	for key, want := range map[string]string{
		"CVE-2021-44228 org.apache.logging.log4j:log4j-core": "lang-pkgs jar CRITICAL fixed 2.15.0",
		"CVE-2024-0727 libssl3":                              "os-pkgs debian MEDIUM fixed 3.0.13-1~deb12u1",
		"AVD-DS-0002":                                        "config dockerfile DS-0002 FAIL",
	} {
		if seen[key] != want {
			t.Errorf("%s: got %q, want %q", key, seen[key], want)
		}
	}
	var grype struct {
		Matches []struct {
			Vulnerability struct {
				ID, Severity, Namespace string
				Fix                     struct {
					Versions []string
					State    string
				}
				EPSS []struct{ EPSS float64 }
			}
			Artifact struct{ Name, Version, Type, PURL string }
		}
		Ignored []struct{} `json:"ignoredMatches"`
		Source  struct {
			Type   string
			Target struct{ UserInput string }
		}
		Distro struct{ Name, Version string }
	}
	decode(t, write(t, "grype-json", scored(t), nil), &grype)
	if grype.Source.Type != "image" || grype.Source.Target.UserInput == "" || grype.Distro.Name != "debian" || len(grype.Ignored) != 1 || len(grype.Matches) < 8 {
		t.Errorf("got %d matches, %d ignored, source %+v", len(grype.Matches), len(grype.Ignored), grype.Source)
	}
	for _, m := range grype.Matches {
		if m.Vulnerability.ID == "CVE-2024-0727" && m.Artifact.Name == "libssl3" &&
			(m.Vulnerability.Namespace != "debian:distro:debian:12" || m.Vulnerability.Fix.State != "fixed" || m.Artifact.Type != "deb" || m.Vulnerability.Severity != "Medium") {
			t.Errorf("got %+v", m)
		}
	}
}

func TestTemplate(t *testing.T) {
	apply := func(text string, r *boltseal.Report) (string, error) {
		f, err := report.Template("mail.tmpl", text)
		if err != nil {
			return "", err
		}
		var b bytes.Buffer
		err = f.Write(&b, r, nil)
		return b.String(), err
	}
	for text, want := range map[string]string{
		`{{.artifact.name}} {{len .findings}}`:                                                          "registry.example.com/acme/shop:1.4 17",
		`{{count .findings "severity" "critical"}}`:                                                     "6",
		`{{range .findings}}{{if and .advisory (gt .score 90)}}{{.advisory.id | lower}};{{end}}{{end}}`: "cve-2021-44228;mal-2024-1234;",
		`{{.nothing | default "none"}} {{join ", " (index .findings 0).fixedIn}}`:                       "none 2.15.0",
		`{{json .verdict.allow}}{{csv "a,b"}}{{markdown "<b>"}}`:                                        `false"a,b"&#60;b&#62;`,
	} {
		if got, err := apply(text, shared(t)); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"a\n{{range .x}}":     "mail.tmpl:2",
		`{{env "HOME"}}`:      `function "env" not defined`,
		`{{.findings.Sort}}`:  "can't evaluate field Sort",
		"{{.artifact\n.foo}}": "mail.tmpl",
	} {
		if _, err := apply(text, shared(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", text, err, want)
		}
	}
	got, err := apply("{{range .findings}}{{.message}}\n{{end}}", hostile(t))
	if err != nil || strings.ContainsAny(got, "\x1b\u202e\u009b") {
		t.Errorf("a hostile text gets through: %v", err)
	}
}

// A report that was read back makes the same bytes in every format.
func TestReadBack(t *testing.T) {
	r := scored(t)
	back, err := report.Read([]byte(write(t, "json", r, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Formats() {
		if write(t, f.Name, back, nil) != write(t, f.Name, r, nil) {
			t.Errorf("%s is another one", f.Name)
		}
	}
}

func BenchmarkFormats(b *testing.B) {
	r := many(b, 5_000)
	for _, f := range report.Formats() {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if err := f.Write(io.Discard, r, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
