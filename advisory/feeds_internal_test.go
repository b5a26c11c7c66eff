package advisory

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal/internal/limit"
)

// fuzzFeed feeds what the feed's recorded data holds, and what becomes of it,
// to its parser.
func fuzzFeed(f *testing.F, feed, name string, parse func(name string, r io.Reader, g *byID) error) {
	f.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "feeds", feed+".txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range a.Files {
		if strings.HasPrefix(file.Name, "serve/") {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var g, again byID
		if err := parse(name, bytes.NewReader(data), &g); err != nil {
			return
		}
		if err := parse(name, bytes.NewReader(data), &again); err != nil {
			t.Fatal("read once and not twice:", err)
		}
		one, two := g.sorted(), again.sorted()
		if len(one) != len(two) {
			t.Fatalf("%d records, then %d", len(one), len(two))
		}
		for i, r := range one {
			if r.ID == "" || len(r.ID) > 256 || r.ID != two[i].ID {
				t.Errorf("id %q, then %q", r.ID, two[i].ID)
			}
			sane(t, r)
		}
	})
}

// sane holds what the builder relies on.
func sane(t *testing.T, r *record) {
	t.Helper()
	if len(r.modules) != len(r.Affected) {
		t.Fatalf("%d modules of %d packages", len(r.modules), len(r.Affected))
	}
	for _, a := range r.Affected {
		if a.Ecosystem == "" || lacksRelease(a.Ecosystem) || placeholder(a.Name) {
			t.Errorf("%s: a package %q of %q", r.ID, a.Name, a.Ecosystem)
		}
	}
}

// TestBombs has files that inflate to more than they may.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 8<<20)
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write(zeros)
	_ = w.Close()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"gzip": gz.Bytes(), "zstd": z.EncodeAll(zeros, nil), "plain": zeros} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := openPlain(path, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, f)
		if _, ok := errors.AsType[*limit.Error](err); !ok || n > 1<<20 {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		_ = f.Close()
	}
}

func feedParser(name string) func(string, io.Reader, *byID) error {
	feed, _ := feedNamed(name)
	return feed.parse
}

func FuzzDebian(f *testing.F) { fuzzFeed(f, "debian", "data", feedParser("debian")) }
func FuzzUbuntu(f *testing.F) { fuzzFeed(f, "ubuntu", "CVE-2024-0727", feedParser("ubuntu")) }
func FuzzSecdb(f *testing.F)  { fuzzFeed(f, "alpine", "v3.20/main.json", feedParser("alpine")) }
func FuzzUpdateinfo(f *testing.F) {
	fuzzFeed(f, "amazon", "2/updateinfo.xml", feedParser("amazon"))
}
func FuzzOVAL(f *testing.F) { fuzzFeed(f, "oracle", "data", feedParser("oracle")) }
func FuzzPhoton(f *testing.F) {
	fuzzFeed(f, "photon", "cve_data_photon5.0.json", feedParser("photon"))
}
func FuzzNVD(f *testing.F)   { fuzzFeed(f, "nvd", "data", feedParser("nvd")) }
func FuzzRocky(f *testing.F) { fuzzFeed(f, "rocky", "page-001.json", feedParser("rocky")) }

func FuzzCSAF(f *testing.F) {
	for _, feed := range []string{"redhat", "suse"} {
		a, err := txtar.ParseFile(filepath.Join("testdata", "feeds", feed+".txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if path.Ext(file.Name) == ".json" {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, dialect := range []*csafDialect{&redHatCSAF, &suseCSAF} {
			r, err := dialect.parser()(data)
			if err != nil || r == nil {
				continue
			}
			sane(t, r)
		}
	})
}

// FuzzRepomd reads what a repository says of its own files: never a path out
// of it.
func FuzzRepomd(f *testing.F) {
	f.Add([]byte(`<repomd><data type="updateinfo"><location href="repodata/updateinfo.xml.gz"/></data></repomd>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if name, err := updateinfoIn(data); err == nil && (!strings.HasPrefix(name, "repodata/") || strings.Contains(name, "..")) {
			t.Errorf("a file %q", name)
		}
	})
}
