package advisory_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// bucket is a server in the layout of OSV.dev's bucket, with KEV and EPSS
// beside it, that can be made to misbehave.
type bucket struct {
	mu       sync.Mutex
	files    map[string][]byte
	broken   map[string]func(http.ResponseWriter, *http.Request) // instead of a file
	requests []string                                            // path and answer
	address  string
}

func newBucket(t *testing.T) (*bucket, string) {
	t.Helper()
	b := &bucket{files: map[string][]byte{}, broken: map[string]func(http.ResponseWriter, *http.Request){}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.address = server.URL
	return b, server.URL
}

func (b *bucket) url() string { return b.address }

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	path := r.URL.EscapedPath()
	data, ok := b.files[path]
	broken := b.broken[path]
	b.mu.Unlock()
	sum := sha256.Sum256(data)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	answer := "200"
	switch {
	case broken != nil:
		answer = "broken"
	case !ok:
		answer = "404"
	case r.Header.Get("If-None-Match") == etag:
		answer = "304"
	}
	b.mu.Lock()
	b.requests = append(b.requests, path+" "+answer)
	b.mu.Unlock()
	switch answer {
	case "broken":
		broken(w, r)
	case "404":
		http.NotFound(w, r)
	case "304":
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", etag)
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
		w.Header().Add("X-Goog-Hash", "crc32c="+base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)))
		_, _ = w.Write(data)
	}
}

func (b *bucket) put(path string, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files[path] = data
}

func (b *bucket) misbehave(path string, how func(http.ResponseWriter, *http.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken[path] = how
}

// seen returns the requests since the last call, sorted.
func (b *bucket) seen() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.requests
	b.requests = nil
	slices.Sort(all)
	return all
}

func (b *bucket) ecosystem(t *testing.T, path string, records ...string) {
	t.Helper()
	b.put(path+"/all.zip", zipOf(t, records...))
}

func zipOf(t testing.TB, records ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i, r := range records {
		h := &zip.FileHeader{Name: fmt.Sprintf("R-%d.json", i), Method: zip.Deflate}
		if len(r) > 4<<10 {
			h.Method = zip.Store
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// osv is a record of one package whose version "1" is affected.
func osv(id, modified, ecosystem, name string) string {
	return fmt.Sprintf(`{"id": %q, "modified": %q, "affected": [{"package": {"ecosystem": %q, "name": %q}, "versions": ["1"]}]}`, id, modified, ecosystem, name)
}

const (
	kevJSON = `{"dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2025-0001", "dateAdded": "2025-08-25"}]}`
	epssCSV = "#model_version:x,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2025-0001,0.5,0.6\n"
)

// full serves three ecosystems and both other feeds.
func full(t *testing.T) (*bucket, string) {
	t.Helper()
	b, url := newBucket(t)
	b.put("/osv/ecosystems.txt", []byte("Debian\nRed Hat\n[EMPTY]\nnpm\n"))
	b.ecosystem(t, "/osv/Debian", osv("DEBIAN-CVE-2025-0001", "2026-01-01T00:00:00Z", "Debian:12", "openssl"))
	b.ecosystem(t, "/osv/Red%20Hat", osv("RHSA-2025:1", "2026-01-01T00:00:00Z", "Red Hat:enterprise_linux:9::baseos", "openssl"))
	b.ecosystem(t, "/osv/npm", osv("GHSA-aaaa-aaaa-aaaa", "2026-01-01T00:00:00Z", "npm", "lodash"),
		osv("GHSA-aaaa-aaaa-bbbb", "2026-01-01T00:00:00Z", "Debian:11", "of-another-archive"))
	b.put("/kev", []byte(kevJSON))
	b.put("/epss", gzipped(t, epssCSV))
	return b, url
}

func gzipped(t testing.TB, s string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func options(url string) *advisory.UpdateOptions {
	return &advisory.UpdateOptions{
		Sources: []advisory.Source{{Feed: "osv", At: url + "/osv/"}, {Feed: "kev", At: url + "/kev"}, {Feed: "epss", At: url + "/epss"}},
		Timeout: 2 * time.Second, Now: noon,
	}
}

func mustUpdate(t *testing.T, dst string, opts *advisory.UpdateOptions) *boltseal.Snapshot {
	t.Helper()
	s, err := advisory.Update(t.Context(), dst, opts)
	if err != nil {
		t.Fatal(err)
	}
	if id := openDB(t, dst).Snapshot().ID; id != s.ID {
		t.Fatalf("Update says %s, the file %s", s.ID, id)
	}
	return s
}

func feedOf(t *testing.T, s *boltseal.Snapshot, name string) boltseal.Feed {
	t.Helper()
	for _, f := range s.Feeds {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no feed %s in %+v", name, s.Feeds)
	return boltseal.Feed{}
}

func TestUpdate(t *testing.T) {
	b, url := full(t)
	dst := filepath.Join(t.TempDir(), "db")
	s := mustUpdate(t, dst, options(url))
	want := []string{
		"/epss 200", "/kev 200", "/osv/Debian/all.zip 200", "/osv/Red%20Hat/all.zip 200", "/osv/ecosystems.txt 200", "/osv/npm/all.zip 200",
	}
	if got := b.seen(); !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	db := openDB(t, dst)
	if got := lookup(t, db, "Red Hat:enterprise_linux:9::baseos", "openssl"); len(got) != 1 {
		t.Errorf("Red Hat: %v", got)
	}
	// The npm archive alone may say what npm has: Debian's is another.
	if got := lookup(t, db, "Debian:11", "of-another-archive"); len(got) != 1 {
		t.Errorf("Debian: %v", got)
	}
	a, err := db.Advisory("CVE-2025-0001")
	if err != nil || a.KEV == nil || a.EPSS == nil {
		t.Errorf("CVE-2025-0001: %+v, %v", a, err)
	}
	for _, f := range s.Feeds {
		if !f.Fetched.Equal(noon) || f.Error != "" || !strings.HasPrefix(f.Source, url) {
			t.Errorf("feed %+v", f)
		}
	}

	// A day later nothing is new: only the dates change.
	later := options(url)
	later.Now = noon.AddDate(0, 0, 1)
	s2 := mustUpdate(t, dst, later)
	for _, r := range b.seen() {
		if !strings.HasSuffix(r, " 304") && !strings.HasPrefix(r, "/osv/ecosystems.txt") {
			t.Errorf("asked again: %s", r)
		}
	}
	if f := feedOf(t, s2, "osv/npm"); !f.Fetched.Equal(later.Now) || f.Records != 2 {
		t.Errorf("a day later: %+v", f)
	}

	// One archive changes.
	b.ecosystem(t, "/osv/npm", osv("GHSA-aaaa-aaaa-aaaa", "2026-01-01T00:00:00Z", "npm", "lodash"), osv("GHSA-bbbb-bbbb-bbbb", "2026-01-02T00:00:00Z", "npm", "minimist"))
	mustUpdate(t, dst, later)
	if got := lookup(t, openDB(t, dst), "npm", "minimist"); len(got) != 1 {
		t.Errorf("what is new: %v", got)
	}
	// Asked to, it fetches all.
	b.seen()
	later.Full = true
	mustUpdate(t, dst, later)
	if got := b.seen(); !slices.Contains(got, "/osv/Debian/all.zip 200") {
		t.Errorf("not everything: %v", got)
	}
}

func TestUpdateEcosystems(t *testing.T) {
	b, url := full(t)
	dst := filepath.Join(t.TempDir(), "db")
	opts := options(url)
	opts.Sources = []advisory.Source{{Feed: "osv", At: url + "/osv", Ecosystems: []string{"npm", "Debian:12"}}}
	mustUpdate(t, dst, opts)
	if got, want := b.seen(), []string{"/osv/Debian/all.zip 200", "/osv/npm/all.zip 200"}; !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	// What another archive says of an ecosystem that was not fetched would
	// make it look covered.
	opts.Sources[0].Ecosystems = []string{"npm"}
	dst += "2"
	mustUpdate(t, dst, opts)
	if db := openDB(t, dst); db.Covers("Debian:11") || !db.Covers("npm") {
		t.Error("Debian:11 looks covered, or npm does not")
	}
	// Of those asked for, one is not there.
	opts.Sources[0].Ecosystems = []string{"npm", "Hex"}
	s := mustUpdate(t, dst, opts)
	if f := feedOf(t, s, "osv/Hex"); !strings.Contains(f.Error, "404") || f.Records != 0 {
		t.Errorf("Hex: %+v", f)
	}
	// Everything there is.
	b.ecosystem(t, "/osv/Odd%20One", osv("ODD-1", "2026-01-01T00:00:00Z", "Odd One", "x"))
	b.put("/osv/ecosystems.txt", []byte("Odd One\r\nnpm\n"))
	opts.Sources[0].Ecosystems = []string{"*"}
	mustUpdate(t, dst, opts)
	if db := openDB(t, dst); !db.Covers("Odd One") {
		t.Error("Odd One is not covered")
	}
	// A server without a list is asked for the default ones.
	bare, address := newBucket(t)
	bare.ecosystem(t, "/npm", osv("GHSA-aaaa-aaaa-aaaa", "2026-01-01T00:00:00Z", "npm", "lodash"))
	opts.Sources = []advisory.Source{{Feed: "osv", At: address}}
	s = mustUpdate(t, filepath.Join(t.TempDir(), "db"), opts)
	if f := feedOf(t, s, "osv/npm"); f.Records != 1 {
		t.Errorf("npm: %+v", f)
	}
	if f := feedOf(t, s, "osv/Debian"); f.Error == "" {
		t.Errorf("Debian: %+v", f)
	}
}

// Every way in which a server can fail leaves the data that was there, says
// so, and harms no other feed.
func TestUpdateFailures(t *testing.T) {
	whole := zipOf(t, osv("GHSA-cccc-cccc-cccc", "2026-02-01T00:00:00Z", "npm", "new"))
	for name, how := range map[string]func(http.ResponseWriter, *http.Request){
		"404":   http.NotFound,
		"403":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"page":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>please log in</html>") },
		"empty": func(http.ResponseWriter, *http.Request) {},
		"none":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(zipOf(t)) },
		"cut":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole[:len(whole)-30]) },
		"bit": func(w http.ResponseWriter, _ *http.Request) {
			bad := bytes.Clone(whole)
			bad[50] ^= 4
			_, _ = w.Write(bad)
		},
		"hash": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Goog-Hash", "md5=x, crc32c=AAAAAA==")
			_, _ = w.Write(whole)
		},
		"length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(whole)
		},
		"drop":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"hang":     hang,
		"too long": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, 2<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, url := full(t)
			dir := t.TempDir()
			dst := filepath.Join(dir, "db")
			opts := options(url)
			opts.Timeout, opts.MaxBytes = 500*time.Millisecond, 1<<20
			mustUpdate(t, dst, opts)
			b.misbehave("/osv/npm/all.zip", how)
			b.misbehave("/kev", how)
			b.ecosystem(t, "/osv/Debian", osv("DEBIAN-CVE-2026-0001", "2026-02-01T00:00:00Z", "Debian:12", "curl"))
			opts.Now = noon.AddDate(0, 0, 1)
			s := mustUpdate(t, dst, opts)
			db := openDB(t, dst)
			if got := lookup(t, db, "Debian:12", "curl"); len(got) != 1 {
				t.Errorf("the feed that answers: %v", got)
			}
			if got := lookup(t, db, "npm", "lodash"); len(got) != 1 {
				t.Errorf("the feed that fails: %v", got)
			}
			for _, name := range []string{"osv/npm", "kev"} {
				if f := feedOf(t, s, name); f.Error == "" || !f.Fetched.Equal(noon) || f.Records == 0 {
					t.Errorf("%+v", f)
				}
			}
			// With no cache, the old database has the only copy: it stays.
			if err := os.RemoveAll(dst + ".feeds"); err != nil {
				t.Fatal(err)
			}
			if _, err := advisory.Update(t.Context(), dst, opts); err == nil {
				t.Error("a database without npm took the place of one with it")
			}
			if got := openDB(t, dst).Snapshot().ID; got != s.ID {
				t.Error("the old database is gone")
			}
			noLitter(t, dir)
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// hang sends a beginning and then nothing.
func hang(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "PK")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func noLitter(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("left behind: %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestUpdateNothingAnswers(t *testing.T) {
	b, url := full(t)
	dst := filepath.Join(t.TempDir(), "db")
	before := mustUpdate(t, dst, options(url))
	for _, path := range []string{"/osv/ecosystems.txt", "/osv/npm/all.zip", "/osv/Debian/all.zip", "/osv/Red%20Hat/all.zip", "/kev", "/epss"} {
		b.misbehave(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	}
	_, err := advisory.Update(t.Context(), dst, options(url))
	if err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
	if got := openDB(t, dst).Snapshot().ID; got != before.ID {
		t.Error("the old database is gone")
	}
	// Only the list of ecosystems fails: the cache knows them.
	b.misbehave("/kev", nil)
	s := mustUpdate(t, dst, options(url))
	if f := feedOf(t, s, "osv/npm"); !strings.Contains(f.Error, "403") || f.Records != 2 {
		t.Errorf("npm: %+v", f)
	}
}

func TestUpdateRetriesAndMirrors(t *testing.T) {
	b, url := full(t)
	mirror, second := full(t)
	mirror.put("/osv/ecosystems.txt", []byte("npm\n"))
	busy := 0
	b.misbehave("/osv/npm/all.zip", func(w http.ResponseWriter, _ *http.Request) {
		if busy++; busy == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(zipOf(t, osv("GHSA-dddd-dddd-dddd", "2026-02-01T00:00:00Z", "npm", "patience")))
	})
	b.misbehave("/osv/Debian/all.zip", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	b.misbehave("/kev", http.NotFound)
	opts := options(url)
	opts.Sources[0].Mirrors = []string{second + "/osv"}
	opts.Sources[1].Mirrors = []string{second + "/none", second + "/kev"}
	dst := filepath.Join(t.TempDir(), "db")
	s := mustUpdate(t, dst, opts)
	db := openDB(t, dst)
	if got := lookup(t, db, "npm", "patience"); len(got) != 1 || busy != 2 {
		t.Errorf("after a busy answer: %v, asked %d times", got, busy)
	}
	if f := feedOf(t, s, "osv/Debian"); f.Error != "" || !strings.HasPrefix(f.Source, second) {
		t.Errorf("from the mirror: %+v", f)
	}
	if f := feedOf(t, s, "kev"); f.Error != "" || f.Source != second+"/kev" {
		t.Errorf("from the second mirror: %+v", f)
	}
	// An answer that breaks off is asked for again.
	dropped := 0
	b.misbehave("/osv/npm/all.zip", func(w http.ResponseWriter, _ *http.Request) {
		data := zipOf(t, osv("GHSA-ffff-ffff-ffff", "2026-02-01T00:00:00Z", "npm", "stubborn"))
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if dropped++; dropped == 1 {
			data = data[:len(data)/2]
		}
		_, _ = w.Write(data)
	})
	mustUpdate(t, dst, opts)
	if got := lookup(t, openDB(t, dst), "npm", "stubborn"); len(got) != 1 || dropped != 2 {
		t.Errorf("after a broken answer: %v, asked %d times", got, dropped)
	}
	// A folder is a mirror, too: of a server that is gone.
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "npm"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "npm", "all.zip"), zipOf(t, osv("GHSA-eeee-eeee-eeee", "2026-02-01T00:00:00Z", "npm", "local")), 0o644); err != nil {
		t.Fatal(err)
	}
	opts.Sources = []advisory.Source{{Feed: "osv", At: second + "/none", Mirrors: []string{dir}, Ecosystems: []string{"npm"}}}
	dst += "2"
	mustUpdate(t, dst, opts)
	if got := lookup(t, openDB(t, dst), "npm", "local"); len(got) != 1 {
		t.Errorf("from the folder: %v", got)
	}
}

// A large archive of which little has changed is not fetched again: its
// changes are.
func TestUpdateChanges(t *testing.T) {
	b, url := full(t)
	var records []string
	for i := range 400 {
		// Noise keeps the archive above the size from which changes pay.
		noise := make([]byte, 12<<10)
		sum := sha256.Sum256(fmt.Append(nil, i))
		for j := range noise {
			if j%32 == 0 {
				sum = sha256.Sum256(sum[:])
			}
			noise[j] = sum[j%32]
		}
		records = append(records, fmt.Sprintf(`{"id": "DEBIAN-CVE-2025-%04d", "modified": "2026-01-01T00:00:00Z", "details": %q, "affected": [{"package": {"ecosystem": "Debian:12", "name": "p%d"}, "versions": ["1"]}]}`,
			i+1000, base64.StdEncoding.EncodeToString(noise), i))
	}
	b.ecosystem(t, "/osv/Debian", records...)
	dst := filepath.Join(t.TempDir(), "db")
	mustUpdate(t, dst, options(url))
	b.seen()

	b.ecosystem(t, "/osv/Debian", append(records, osv("DEBIAN-CVE-2026-0001", "2026-02-01T00:00:00Z", "Debian:12", "p-new"))...)
	b.put("/osv/Debian/modified_id.csv", []byte("2026-02-02T00:00:00Z,DEBIAN-CVE-2025-1001\n2026-02-01T00:00:00Z,DEBIAN-CVE-2026-0001\n2026-01-01T00:00:00Z,DEBIAN-CVE-2025-1000\n"))
	b.put("/osv/Debian/DEBIAN-CVE-2026-0001.json", []byte(osv("DEBIAN-CVE-2026-0001", "2026-02-01T00:00:00Z", "Debian:12", "p-new")))
	b.put("/osv/Debian/DEBIAN-CVE-2025-1001.json", []byte(`{"id": "DEBIAN-CVE-2025-1001", "modified": "2026-02-02T00:00:00Z", "withdrawn": "2026-02-02T00:00:00Z"}`))
	next := options(url)
	next.Now = noon.Add(time.Hour)
	s := mustUpdate(t, dst, next)
	db := openDB(t, dst)
	if got := lookup(t, db, "Debian:12", "p-new"); len(got) != 1 {
		t.Errorf("new: %v", got)
	}
	if got := lookup(t, db, "Debian:12", "p1"); len(got) != 0 {
		t.Errorf("withdrawn: %v", got)
	}
	if got := lookup(t, db, "Debian:12", "p2"); len(got) != 1 {
		t.Errorf("unchanged: %v", got)
	}
	if f := feedOf(t, s, "osv/Debian"); f.Records != 400 || f.Error != "" || !f.Fetched.Equal(next.Now) {
		t.Errorf("%+v", f)
	}
	// The archive was asked for, but once, and not read to its end.
	asked := b.seen()
	if n := slices.Index(asked, "/osv/Debian/all.zip 200"); n < 0 || n+1 < len(asked) && asked[n+1] == asked[n] {
		t.Errorf("asked for %v", asked)
	}

	// When a change cannot be had, the archive is.
	b.put("/osv/Debian/modified_id.csv", []byte("2026-02-03T00:00:00Z,DEBIAN-CVE-2026-0002\n2026-02-02T00:00:00Z,DEBIAN-CVE-2025-1001\n"))
	b.ecosystem(t, "/osv/Debian", append(records, osv("DEBIAN-CVE-2026-0002", "2026-02-03T00:00:00Z", "Debian:12", "p-newer"))...)
	mustUpdate(t, dst, next)
	if got := lookup(t, openDB(t, dst), "Debian:12", "p-newer"); len(got) != 1 {
		t.Errorf("from the archive: %v", got)
	}
	// The changes of before are part of it, or gone.
	if got := lookup(t, openDB(t, dst), "Debian:12", "p1"); len(got) != 1 {
		t.Errorf("as the archive has it: %v", got)
	}
}

func TestUpdatePrebuilt(t *testing.T) {
	dir := t.TempDir()
	if err := buildFile(t.Context(), filepath.Join(dir, "good"), unpackSample(t, dir, "osv-names")...); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "good"))
	if err != nil {
		t.Fatal(err)
	}
	id := openDB(t, filepath.Join(dir, "good")).Snapshot().ID
	packed := gzipped(t, string(good))
	fileDigest := func(b []byte) boltseal.Digest {
		sum := sha256.Sum256(b)
		return boltseal.Digest("sha256:" + hex.EncodeToString(sum[:]))
	}
	b, url := newBucket(t)
	b.put("/good", good)
	b.put("/good.gz", packed)
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	b.put("/flipped", flipped)
	b.put("/half", good[:len(good)/2])
	b.put("/page", []byte("<html>no</html>"))
	b.misbehave("/hang", hang)
	oci := func(_ context.Context, ref string) (io.ReadCloser, error) {
		if ref != "example.org/db:1" {
			return nil, os.ErrNotExist
		}
		return io.NopCloser(bytes.NewReader(packed)), nil
	}
	for _, test := range []struct {
		name   string
		places []string
		digest boltseal.Digest
		ok     bool
	}{
		{"file", []string{filepath.Join(dir, "good")}, "", true},
		{"url", []string{url + "/good"}, "", true},
		{"gzip", []string{url + "/good.gz"}, "", true},
		{"OCI", []string{"oci://example.org/db:1"}, "", true},
		{"OCI missing", []string{"oci://example.org/db:2"}, "", false},
		{"second place", []string{url + "/none", filepath.Join(dir, "none"), url + "/flipped", url + "/good"}, "", true},
		{"snapshot digest", []string{url + "/good.gz"}, boltseal.Digest(id), true},
		{"file digest", []string{url + "/good"}, fileDigest(good), true},
		{"file digest as served", []string{url + "/good.gz"}, fileDigest(packed), true},
		{"other digest", []string{url + "/good"}, fileDigest(packed), false},
		{"flipped", []string{url + "/flipped"}, "", false},
		{"half", []string{url + "/half"}, "", false},
		{"page", []string{url + "/page"}, "", false},
		{"hang", []string{url + "/hang"}, "", false},
		{"missing", []string{url + "/missing"}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			place := t.TempDir()
			dst := filepath.Join(place, "db")
			if err := buildFile(t.Context(), dst, unpackSample(t, t.TempDir(), "kev")...); err != nil {
				t.Fatal(err)
			}
			old := openDB(t, dst).Snapshot().ID
			s, err := advisory.Update(t.Context(), dst, &advisory.UpdateOptions{
				Prebuilt: test.places, Digest: test.digest, FetchOCI: oci, Timeout: 500 * time.Millisecond,
			})
			want := old
			if test.ok {
				want = id
			}
			if (err == nil) != test.ok {
				t.Errorf("got %v, %v", s, err)
			}
			if got := openDB(t, dst).Snapshot().ID; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			noLitter(t, place)
		})
	}
	if _, err := advisory.Update(t.Context(), filepath.Join(dir, "x"), &advisory.UpdateOptions{Prebuilt: []string{"oci://example.org/db:1"}}); err == nil {
		t.Error("an OCI reference without anybody who can fetch it")
	}
}

// A database that has not changed is not fetched again.
func TestUpdatePrebuiltAgain(t *testing.T) {
	dir := t.TempDir()
	if err := buildFile(t.Context(), filepath.Join(dir, "good"), unpackSample(t, dir, "osv-names")...); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "good"))
	if err != nil {
		t.Fatal(err)
	}
	b, url := newBucket(t)
	b.put("/good", good)
	dst := filepath.Join(dir, "db")
	opts := &advisory.UpdateOptions{Prebuilt: []string{url + "/good"}}
	first := mustUpdate(t, dst, opts)
	again := mustUpdate(t, dst, opts)
	if got, want := b.seen(), []string{"/good 200", "/good 304"}; !slices.Equal(got, want) || first.ID != again.ID {
		t.Errorf("asked for %v, want %v", got, want)
	}
	// What is on the disk is no longer what the server gave.
	if err := os.WriteFile(dst, good[:len(good)-4096], 0o644); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, dst, opts)
	if got, want := b.seen(), []string{"/good 200"}; !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
}

// A server that is asked with TLS does not send us on to one without, and a
// proxy that we are told of is asked.
func TestUpdateNetwork(t *testing.T) {
	_, plain := full(t)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain+r.URL.Path, http.StatusFound)
	}))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	pool := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	dst := filepath.Join(t.TempDir(), "db")
	opts := options(secure.URL)
	opts.RootCAs = pool
	if _, err := advisory.Update(t.Context(), dst, opts); err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("redirected to plain http: %v", err)
	}
	opts.RootCAs = nil
	if _, err := advisory.Update(t.Context(), dst, opts); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	b, url := full(t)
	through := options("http://osv.example")
	through.HTTPProxy = url
	b.misbehave("/osv/npm/all.zip", nil)
	var mu sync.Mutex
	var told []advisory.Progress
	through.Progress = func(p advisory.Progress) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, p)
	}
	mustUpdate(t, dst, through)
	if !slices.ContainsFunc(told, func(p advisory.Progress) bool { return p.What == "osv/npm" && p.Bytes == p.Total && p.Total > 0 }) {
		t.Errorf("nobody was told how far npm is: %v", told)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := advisory.Update(canceled, dst, options(url)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// An ecosystem's name and a record's id become names of files, and stay
// below the cache whatever they are.
func TestUpdateHostileNames(t *testing.T) {
	b, url := newBucket(t)
	evil := "../../../evil"
	b.put("/ecosystems.txt", []byte(evil+"\n..\nnpm\n"))
	b.put("/..%2F..%2F..%2Fevil/all.zip", zipOf(t, osv("E-1", "2026-01-01T00:00:00Z", evil, "x")))
	b.ecosystem(t, "/npm", osv("GHSA-aaaa-aaaa-aaaa", "2026-01-01T00:00:00Z", "npm", "lodash"))
	dir := t.TempDir()
	dst := filepath.Join(dir, "deep", "down", "db")
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		t.Fatal(err)
	}
	opts := options(url)
	opts.Sources = []advisory.Source{{Feed: "osv", At: url, Ecosystems: []string{"*"}}}
	mustUpdate(t, dst, opts)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
	entries, err = os.ReadDir(filepath.Join(dir, "deep", "down"))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}
