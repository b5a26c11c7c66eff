package vuln_test

import (
	"archive/zip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/vuln"
)

var update = flag.Bool("update", false, "write what the tests get as what they want")

// TestMatch runs the cases of testdata/*.txtar. Each archive has:
//
//	advisories.json  OSV records, an array
//	kev.json, epss.csv  optional, as CISA and FIRST publish them
//	artifact.json    optional: a boltseal.Artifact
//	components.json  boltseal.Components, an array
//	want             one line for each finding and each gap
func TestMatch(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string][]byte{}
			for _, f := range archive.Files {
				parts[f.Name] = f.Data
			}
			opts := &vuln.Options{DB: database(t, parts)}
			if data := parts["artifact.json"]; data != nil {
				opts.Artifact = decode[*boltseal.Artifact](t, data)
				opts.Distro = opts.Artifact.Distro
			}
			components := decode[[]boltseal.Component](t, parts["components.json"])
			findings, gaps, err := vuln.Match(t.Context(), components, opts)
			if err != nil {
				t.Fatal(err)
			}
			got := lines(findings, gaps)
			if *update {
				for i := range archive.Files {
					if archive.Files[i].Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(strings.Split(got, "\n"), strings.Split(string(parts["want"]), "\n")); d != "" && !*update {
				t.Errorf("(-got +want)\n%s", d)
			}
			for i := range findings {
				whole(t, &findings[i])
			}
		})
	}
}

// whole tells what must hold for every finding.
func whole(t *testing.T, f *boltseal.Finding) {
	t.Helper()
	switch {
	case f.Key == "" || f.Check == "" || f.Title == "" || f.Message == "":
		t.Errorf("unsealed or nameless: %+v", f)
	case f.Component == nil || f.Advisory == nil || f.Advisory.Affected != nil || f.Advisory.Feed == "":
		t.Errorf("%s: component or advisory: %+v", f.Message, f.Advisory)
	case len(f.Evidence) == 0 || f.Evidence[0].Kind != boltseal.EvidenceSnapshot || f.Evidence[0].Digest == "":
		t.Errorf("%s: evidence %+v", f.Message, f.Evidence)
	case f.Score < 1 || f.Score > 100 || len(f.Reasons) == 0:
		t.Errorf("%s: priority %d %q", f.Message, f.Score, f.Reasons)
	case f.Rating != nil && f.Rating.Severity != f.Severity:
		t.Errorf("%s: severity %s, rating %s", f.Message, f.Severity, f.Rating.Severity)
	}
}

func decode[T any](t testing.TB, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// database builds one of what an archive holds.
func database(t testing.TB, parts map[string][]byte) *advisory.DB {
	t.Helper()
	dir := t.TempDir()
	osv := filepath.Join(dir, "all.zip")
	writeZip(t, osv, decode[[]json.RawMessage](t, parts["advisories.json"]))
	sources := []advisory.Source{{Feed: "osv", At: osv}}
	for _, more := range []struct{ part, feed string }{{"kev.json", "kev"}, {"epss.csv", "epss"}} {
		if data := parts[more.part]; data != nil {
			at := filepath.Join(dir, more.part)
			if err := os.WriteFile(at, data, 0o644); err != nil {
				t.Fatal(err)
			}
			sources = append(sources, advisory.Source{Feed: more.feed, At: at})
		}
	}
	name := filepath.Join(dir, "advisories.db")
	opts := &advisory.BuildOptions{Built: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Left: func(l advisory.Left) { t.Logf("left out: %+v", l) }}
	if _, err := advisory.Build(t.Context(), name, sources, opts); err != nil {
		t.Fatal(err)
	}
	db, err := advisory.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func writeZip(t testing.TB, name string, records []json.RawMessage) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for i, record := range records {
		w, err := z.Create(fmt.Sprintf("%05d.json", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// lines says in one line each what matters of findings and gaps.
func lines(findings []boltseal.Finding, gaps []boltseal.Gap) string {
	var b strings.Builder
	for i := range findings {
		f := &findings[i]
		fmt.Fprintf(&b, "%s %s %s: %s %s", f.Severity, strings.TrimPrefix(f.Check, "vuln/"), f.Advisory.ID, f.Component.Name, f.Component.Version)
		if f.Rating != nil {
			fmt.Fprintf(&b, "; by %s", f.Rating.By)
			if f.Rating.Score > 0 {
				fmt.Fprintf(&b, " %.1f", f.Rating.Score)
			}
		}
		if len(f.FixedIn) > 0 {
			fmt.Fprintf(&b, "; fixed in %s", strings.Join(f.FixedIn, ", "))
		}
		for _, fix := range f.Fixes {
			fmt.Fprintf(&b, "; %s", fix.Title)
		}
		if f.Status != boltseal.StatusAffected {
			fmt.Fprintf(&b, "; %s", f.Status)
		}
		if len(f.Advisory.Aliases) > 0 {
			fmt.Fprintf(&b, "; also %s", strings.Join(f.Advisory.Aliases, ", "))
		}
		if f.Origin != "" {
			fmt.Fprintf(&b, "; %s by %q", f.Origin, f.CreatedBy)
		}
		fmt.Fprintf(&b, "; %d\n", f.Score)
		if f.Advisory.Summary != "" {
			fmt.Fprintf(&b, "    %q\n", f.Advisory.Summary)
		}
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "    %s\n", e.Statement)
		}
	}
	for _, g := range gaps {
		fmt.Fprintf(&b, "gap %s: %s: %s\n", g.Kind, g.What, g.Why)
	}
	return b.String()
}

// With no database at all there is one gap and nothing else.
func TestNoDatabase(t *testing.T) {
	components := []boltseal.Component{{PURL: "pkg:npm/a@1"}, {PURL: "pkg:npm/b@1"}}
	for name, opts := range map[string]*vuln.Options{"nil": nil, "empty": {}} {
		findings, gaps, err := vuln.Match(t.Context(), components, opts)
		if err != nil || len(findings) > 0 || len(gaps) != 1 || gaps[0].Kind != vuln.GapNoDatabase || gaps[0].Hint == "" {
			t.Errorf("%s: findings %v, gaps %+v, error %v", name, findings, gaps, err)
		}
	}
	if _, gaps, _ := vuln.Match(t.Context(), nil, nil); len(gaps) != 0 {
		t.Errorf("nothing to compare gives %+v", gaps)
	}
}

// The answer does not depend on how many goroutines work, nor on the order of
// the components.
func TestOrderDoesNotMatter(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/languages.txtar")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range archive.Files {
		parts[f.Name] = f.Data
	}
	db := database(t, parts)
	var components []boltseal.Component
	for i := range 60 {
		for _, c := range decode[[]boltseal.Component](t, parts["components.json"]) {
			c.Name = fmt.Sprintf("%s-%02d", c.Name, i)
			components = append(components, c)
		}
	}
	var want string
	for _, jobs := range []int{1, 2, 7} {
		slices.Reverse(components)
		findings, gaps, err := vuln.Match(t.Context(), components, &vuln.Options{DB: db, Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		got := lines(findings, gaps)
		if want == "" {
			want = got
		}
		if d := cmp.Diff(strings.Split(got, "\n"), strings.Split(want, "\n")); d != "" {
			t.Errorf("%d jobs (-got +want)\n%s", jobs, d)
		}
	}
	if !strings.Contains(want, "CVE-2021-44228") {
		t.Errorf("got %s", want)
	}
}

func TestKernelHeaders(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/debian.txtar")
	if err != nil {
		t.Fatal(err)
	}
	db := database(t, map[string][]byte{"advisories.json": archive.Files[0].Data})
	components := []boltseal.Component{{
		PURL: "pkg:deb/debian/linux-libc-dev@6.1.55-1?distro=debian-12", Name: "linux-libc-dev", Version: "6.1.55-1",
		Source: &boltseal.Source{Name: "linux", Version: "6.1.55-1"},
	}}
	for want, opts := range map[int]*vuln.Options{0: {DB: db}, 1: {DB: db, KernelHeaders: true}} {
		findings, _, err := vuln.Match(t.Context(), components, opts)
		if err != nil || len(findings) != want {
			t.Errorf("%d findings, %v; want %d", len(findings), err, want)
		}
	}
}

// Every spelling of a release leads to the ecosystem that OSV calls it by:
// with a database that has none of them, the gap names it.
func TestReleases(t *testing.T) {
	db := database(t, map[string][]byte{"advisories.json": []byte(`[{"id":"GHSA-aaaa-bbbb-cccc","modified":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}]`)})
	for _, c := range []struct {
		purl   string
		distro *boltseal.Distro
		want   string // the gap's subject; empty: none
	}{
		{"pkg:deb/debian/a@1?distro=debian-12", nil, "advisories of Debian:12"},
		{"pkg:deb/debian/a@1?distro=debian-12.5", nil, "advisories of Debian:12"},
		{"pkg:deb/debian/a@1?distro=bookworm", nil, "advisories of Debian:12"},
		{"pkg:deb/debian/a@1?distro=12", nil, "advisories of Debian:12"},
		{"pkg:deb/debian/a@1", &boltseal.Distro{ID: "debian", Version: "12"}, "advisories of Debian:12"},
		{"pkg:deb/debian/a@1", nil, "distro debian"},
		{"pkg:deb/debian/a@1?distro=debian-11", &boltseal.Distro{ID: "debian", Version: "12"}, "advisories of Debian:11"},
		{"pkg:deb/raspbian/a@1?distro=raspbian-12", nil, "advisories of Debian:12"},
		{"pkg:deb/kali/a@1?distro=kali-2024.1", nil, "distro kali-2024.1"},
		{"pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", nil, "advisories of Ubuntu:22.04"},
		{"pkg:deb/ubuntu/a@1?distro=ubuntu-23.10", nil, "advisories of Ubuntu:23.10"},
		{"pkg:deb/ubuntu/a@1?distro=jammy", nil, "advisories of Ubuntu:22.04"},
		{"pkg:apk/alpine/a@1?distro=alpine-3.20.3", nil, "advisories of Alpine:v3.20"},
		{"pkg:apk/alpine/a@1?distro=3.20.3", nil, "advisories of Alpine:v3.20"},
		{"pkg:apk/alpine/a@1?distro=alpine-edge", nil, "distro alpine-edge"},
		{"pkg:apk/alpine/a@1?distro=alpine-3.21_alpha20240807", nil, "distro alpine-3.21_alpha20240807"},
		{"pkg:apk/wolfi/a@1?distro=wolfi-20230201", nil, "advisories of Wolfi"},
		{"pkg:apk/wolfi/a@1?distro=20230201", nil, "advisories of Wolfi"},
		{"pkg:apk/chainguard/a@1", nil, "advisories of Chainguard"},
		{"pkg:apk/alpaquita/a@1?distro=alpaquita-23", nil, "advisories of Alpaquita:23"},
		{"pkg:apk/alpaquita/a@1?distro=alpaquita-stream", nil, "advisories of Alpaquita:stream"},
		{"pkg:rpm/almalinux/a@1?distro=almalinux-9.4", nil, "advisories of AlmaLinux:9"},
		{"pkg:rpm/alma/a@1?distro=alma-9.4", nil, "advisories of AlmaLinux:9"},
		{"pkg:rpm/rocky/a@1?distro=rocky-9.1", nil, "advisories of Rocky Linux:9"},
		{"pkg:rpm/redhat/a@1?distro=rhel-9.4", nil, "advisories of Red Hat:9.4"},
		{"pkg:rpm/redhat/a@1?distro=redhat-9.4", nil, "advisories of Red Hat:9.4"},
		{"pkg:rpm/centos/a@1?distro=centos-7", nil, "advisories of Red Hat:7"},
		{"pkg:rpm/azurelinux/a@1?distro=azurelinux-3.0", nil, "advisories of Azure Linux:3"},
		{"pkg:rpm/mariner/a@1?distro=cbl-mariner-2.0", nil, "advisories of Azure Linux:2"},
		{"pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.6", nil, "advisories of openSUSE:Leap 15.6"},
		{"pkg:rpm/opensuse/a@1?distro=opensuse.leap-15.6", nil, "advisories of openSUSE:Leap 15.6"},
		{"pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed-20240101", nil, "advisories of openSUSE:Tumbleweed"},
		{"pkg:rpm/suse/a@1?distro=suse%20linux%20enterprise%20server-15.5", nil, "advisories of SUSE:15.5"},
		{"pkg:rpm/openeuler/a@1", &boltseal.Distro{ID: "openeuler", Version: "22.03", Name: "openEuler 22.03 (LTS-SP3)"}, "advisories of openEuler:22.03-LTS-SP3"},
		{"pkg:rpm/amazon/a@1?distro=amzn-2023", nil, "advisories of Amazon Linux:2023"},
		{"pkg:rpm/oracle/a@1?distro=oracle-8", nil, "advisories of Oracle Linux:8"},
		{"pkg:rpm/amazon/a@1?distro=amzn-2018.03", nil, "distro amzn-2018.03"},
		{"pkg:rpm/fedora/a@1?distro=fedora-41", nil, "distro fedora-41"},
		{"pkg:alpm/arch/a@1", &boltseal.Distro{ID: "arch"}, "distro arch"},
		{"pkg:ebuild/sys-apps/a@1", &boltseal.Distro{ID: "gentoo"}, "distro gentoo"},
		{"pkg:npm/a@1", nil, ""},
		{"pkg:docker/nginx@1", nil, ""},
		{"pkg:pypi/a@1", nil, "advisories of PyPI"},
		{"pkg:golang/example.com/a@v1", nil, "advisories of Go"},
		{"pkg:cargo/a@1", nil, "advisories of crates.io"},
		{"pkg:swift/github.com/vapor/vapor@1", nil, "advisories of SwiftURL"},
		{"pkg:githubactions/actions/checkout@v4", nil, "advisories of GitHub Actions"},
		{"pkg:conda/a@1", nil, "ecosystem conda"},
	} {
		components := []boltseal.Component{{PURL: c.purl, Name: "a", Version: "1"}}
		findings, gaps, err := vuln.Match(t.Context(), components, &vuln.Options{DB: db, Distro: c.distro})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(gaps) > 0 {
			got = gaps[0].What
		}
		if got != c.want || len(gaps) > 1 {
			t.Errorf("%s: gap %q, want %q (%d findings)", c.purl, got, c.want, len(findings))
		}
	}
}

// Nothing that a bill of materials may claim breaks the matcher, and each
// component is compared, named in a gap or known to be nobody's business.
func FuzzMatch(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/languages.txtar")
	if err != nil {
		f.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, file := range archive.Files {
		parts[file.Name] = file.Data
	}
	db := database(f, parts)
	for _, c := range decode[[]boltseal.Component](f, parts["components.json"]) {
		f.Add(c.PURL, c.Name, c.Version, "", "debian", "12")
	}
	f.Add("pkg:rpm/redhat/a@1?distro=rhel-9.4", "a", "1:2-3", "b", "rhel", "9.4")
	f.Add("pkg:deb/debian/a@1?distro=-&upstream=@", "a", "", "linux-signed", "", "")
	f.Fuzz(func(t *testing.T, purl, name, version, source, id, release string) {
		c := boltseal.Component{PURL: purl, Name: name, Version: version, Basis: boltseal.Declared}
		if source != "" {
			c.Source = &boltseal.Source{Name: source, Version: version}
		}
		opts := &vuln.Options{DB: db, Distro: &boltseal.Distro{ID: id, Version: release}}
		findings, gaps, err := vuln.Match(t.Context(), []boltseal.Component{c}, opts)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i := range findings {
			whole(t, &findings[i])
			if seen[findings[i].Advisory.ID] {
				t.Errorf("%s twice", findings[i].Advisory.ID)
			}
			seen[findings[i].Advisory.ID] = true
		}
		if len(gaps) > 1 {
			t.Errorf("one component, gaps %+v", gaps)
		}
	})
}
