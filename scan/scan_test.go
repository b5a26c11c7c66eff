package scan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/sbom"
	"github.com/boltseal/boltseal/scan"
)

func clock() time.Time { return time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC) }

// database builds the advisory database of testdata/records.
func database(t testing.TB) *advisory.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "advisories.db")
	if _, err := advisory.Build(t.Context(), path, []advisory.Source{{Feed: "osv", At: "testdata/records"}}, nil); err != nil {
		t.Fatal(err)
	}
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const debianApp = `
-- LAYER gzip: /bin/sh -c #(nop) ADD file:1 in / --
-- etc/os-release --
ID=debian
VERSION_ID="12"
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
-- var/lib/dpkg/status --
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.9-1
Maintainer: Debian OpenSSL Team <x@lists.debian.org>

Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib
Version: 1:1.2.13.dfsg-1
-- EMPTY: /bin/sh -c #(nop)  CMD ["bash"] --
-- LAYER zstd: COPY . /app --
-- app/node_modules/lodash/package.json --
{"name": "lodash", "version": "4.17.15", "license": "MIT"}
-- app/node_modules/JSONStream/package.json --
{"name": "JSONStream", "version": "1.3.5"}
-- app/broken/package-lock.json --
{"lockfileVersion": 3,
-- LAYER: RUN rm -rf /app/node_modules/JSONStream --
-- app/node_modules/.wh.JSONStream --
`

func run(t testing.TB, target string, opts *scan.Options) *boltseal.Report {
	t.Helper()
	if opts == nil {
		opts = &scan.Options{}
	}
	opts.Now = clock
	if opts.Families == nil {
		opts.Families = []string{"vuln"}
	}
	r, err := scan.Run(t.Context(), target, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ids lists what was found as "advisory component".
func ids(r *boltseal.Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Advisory.ID+" "+f.Component.Name+" "+f.Component.Version)
	}
	slices.Sort(out)
	return out
}

func TestImageFromEndToEnd(t *testing.T) {
	target := "docker-archive:" + write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	r := run(t, target, &scan.Options{DB: database(t)})
	want := []string{"CVE-2024-0727 libssl3 3.0.9-1", "CVE-2020-8203 lodash 4.17.15"}
	slices.Sort(want)
	if diff := cmp.Diff(want, ids(r)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	for _, f := range r.Findings {
		origin := boltseal.OriginBase
		if f.Component.Name == "lodash" {
			origin = boltseal.OriginOwn
		}
		if f.Origin != origin || f.Key == "" || f.Location.Layer == "" || f.CreatedBy == "" {
			t.Errorf("%s: origin %q, key %q, layer %q, made by %q", f.Component.Name, f.Origin, f.Key, f.Location.Layer, f.CreatedBy)
		}
	}
	if !slices.ContainsFunc(r.Gaps, func(g boltseal.Gap) bool { return strings.Contains(g.What, "app/broken/package-lock.json") }) {
		t.Errorf("got gaps %v, want one for the broken lock file", r.Gaps)
	}
	if r.Artifact.Distro == nil || r.Artifact.Distro.ID != "debian" || len(r.Artifact.Layers) != 3 || r.Snapshot == nil {
		t.Errorf("got %+v", r.Artifact)
	}
	if slices.ContainsFunc(r.Components, func(c boltseal.Component) bool { return c.Name == "JSONStream" }) {
		t.Error("a component that a later layer removed is listed")
	}
}

// What is found in an image is found in its bill of materials.
func TestScanOfOwnSBOM(t *testing.T) {
	db := database(t)
	target := "docker-archive:" + write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	image := run(t, target, &scan.Options{DB: db})
	for _, format := range sbom.Formats() {
		if format.Write == nil || format.Read == nil {
			continue
		}
		t.Run(format.Name, func(t *testing.T) {
			var b bytes.Buffer
			if err := format.Write(&b, sbom.FromReport(image)); err != nil {
				t.Fatal(err)
			}
			again := run(t, "sbom:"+write(t, "sbom", b.Bytes()), &scan.Options{DB: db})
			if diff := cmp.Diff(ids(image), ids(again)); diff != "" {
				t.Errorf("findings of the image (-), of its SBOM (+):\n%s", diff)
			}
			if diff := cmp.Diff(keys(image), keys(again)); diff != "" {
				t.Errorf("keys of the image (-), of its SBOM (+):\n%s", diff)
			}
			if diff := cmp.Diff(image.Gaps, again.Gaps); diff != "" {
				t.Errorf("gaps of the image (-), of its SBOM (+):\n%s", diff)
			}
		})
	}
}

func keys(r *boltseal.Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Key+" "+f.Severity.String()+" "+string(f.Origin))
	}
	return out
}

// dpkg writes its whole database anew with every package: what says which
// layer brought a package is the layer of the package's own file list.
func TestPackagesKeepTheLayerThatInstalledThem(t *testing.T) {
	base, upgrade := "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.9-1\n", "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n"
	image := testimage.Parse(t, "\n-- LAYER: /bin/sh -c #(nop) ADD file:1 in / --\n-- etc/os-release --\nID=debian\nVERSION_ID=12\n"+
		"-- var/lib/dpkg/status --\n"+base+"-- var/lib/dpkg/info/libssl3:amd64.list --\n/usr/lib/libssl.so.3\n"+
		"-- EMPTY: /bin/sh -c #(nop)  CMD [\"bash\"] --\n-- LAYER: RUN apt-get install curl --\n-- var/lib/dpkg/status --\n"+base+"\n"+upgrade+
		"-- var/lib/dpkg/info/curl.list --\n/usr/bin/curl\n")
	r := run(t, "docker-archive:"+write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, image)), &scan.Options{DB: database(t)})
	if len(r.Findings) != 1 || r.Findings[0].Origin != boltseal.OriginBase || !strings.Contains(r.Findings[0].CreatedBy, "ADD file:1") {
		t.Errorf("got %+v, want one finding of the base image", r.Findings)
	}
	for _, c := range r.Components {
		want := map[string]int{"libssl3": 0, "curl": 1}[c.Name]
		if got := c.Locations[0].Layer; got != r.Artifact.Layers[want].DiffID {
			t.Errorf("%s: layer %s, want that of index %d", c.Name, got, want)
		}
	}
}

func TestWithoutDatabase(t *testing.T) {
	target := write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	r := run(t, target, nil)
	if r.Verdict.Allow || r.Verdict.ExitStatus() != 3 || len(r.Components) == 0 {
		t.Errorf("got %+v with %d components, want exit status 3 and components", r.Verdict, len(r.Components))
	}
	if !slices.ContainsFunc(r.Gaps, func(g boltseal.Gap) bool { return g.Kind == "no-database" && g.Hint != "" }) {
		t.Errorf("got %v, want a gap that says what to do", r.Gaps)
	}
	if r := run(t, target, &scan.Options{ComponentsOnly: true}); len(r.Findings) != 0 || slices.ContainsFunc(r.Gaps, func(g boltseal.Gap) bool { return g.Kind == "no-database" }) {
		t.Errorf("a list of components needs no database: %v", r.Gaps)
	}
}

func TestOldDataIsAGap(t *testing.T) {
	target := write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	r := run(t, target, &scan.Options{DB: database(t), MaxDBAge: time.Hour})
	if !slices.ContainsFunc(r.Gaps, func(g boltseal.Gap) bool { return g.Kind == "stale-database" }) {
		t.Errorf("got %v, want a gap about the age", r.Gaps)
	}
}

// memory is a cache that counts.
type memory struct {
	mu   sync.Mutex
	data map[string][]byte
	hits int
}

func (m *memory) Get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.data[key]
	if ok {
		m.hits++
	}
	return data, ok
}

func (m *memory) Put(key string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.data == nil {
		m.data = map[string][]byte{}
	}
	m.data[key] = data
	return nil
}

func TestCacheGivesTheSameReport(t *testing.T) {
	cache, db := &memory{}, database(t)
	layout := t.TempDir()
	testimage.NewLayout(testimage.Parse(t, debianApp)).Write(t, layout)
	first := run(t, "oci:"+layout, &scan.Options{DB: db, Cache: cache})
	again := run(t, "oci:"+layout, &scan.Options{DB: db, Cache: cache})
	if cache.hits != 1 {
		t.Errorf("%d hits, want 1", cache.hits)
	}
	if diff := cmp.Diff(encode(t, first), encode(t, again)); diff != "" {
		t.Errorf("first (-), from the cache (+):\n%s", diff)
	}
}

// An archive that claims the layers of another image, and holds others, must
// not answer for that image later.
func TestCacheIsNotPoisoned(t *testing.T) {
	cache, db := &memory{}, database(t)
	honest := testimage.Parse(t, strings.ReplaceAll(debianApp, "LAYER zstd", "LAYER plain"))
	archive := testimage.DockerArchive(t, testimage.Legacy, honest)
	forged := bytes.ReplaceAll(archive, []byte("4.17.15"), []byte("4.17.21"))
	if bytes.Equal(archive, forged) {
		t.Fatal("nothing was forged")
	}
	run(t, "docker-archive:"+write(t, "forged.tar", forged), &scan.Options{DB: db, Cache: cache})
	r := run(t, "docker-archive:"+write(t, "honest.tar", archive), &scan.Options{DB: db, Cache: cache})
	if !slices.Contains(ids(r), "CVE-2020-8203 lodash 4.17.15") {
		t.Errorf("got %v: the forged archive answered", ids(r))
	}
}

func encode(t testing.TB, r *boltseal.Report) string {
	t.Helper()
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestIndexListsEveryPlatform(t *testing.T) {
	amd := testimage.Parse(t, debianApp)
	arm := testimage.Parse(t, strings.ReplaceAll(debianApp, "Architecture: amd64", "Architecture: arm64"))
	amd.Platform = boltseal.Platform{OS: "linux", Arch: "amd64"}
	arm.Platform = boltseal.Platform{OS: "linux", Arch: "arm64"}
	layout := t.TempDir()
	index := testimage.NewLayout()
	index.AddIndex("app:1", amd, arm)
	index.Write(t, layout)
	r := run(t, "oci:"+layout, &scan.Options{DB: database(t)})
	if r.Artifact.Kind != boltseal.KindIndex || len(r.Children) != 2 {
		t.Fatalf("got %s with %d children", r.Artifact.Kind, len(r.Children))
	}
	platforms := map[string]int{}
	for _, f := range r.Findings {
		platforms[f.Subject.Platform]++
	}
	if platforms["linux/amd64"] != 2 || platforms["linux/arm64"] != 2 {
		t.Errorf("got %v, want two findings each", platforms)
	}
	purls := map[string]bool{}
	for _, c := range r.Components {
		if purls[c.PURL] {
			t.Errorf("%s is listed twice", c.PURL)
		}
		purls[c.PURL] = true
	}
}

func TestCanceledRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	target := write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, testimage.Parse(t, debianApp)))
	if r, err := scan.Run(ctx, target, &scan.Options{Now: clock}); err == nil {
		t.Errorf("got %+v, want an error", r)
	}
}
