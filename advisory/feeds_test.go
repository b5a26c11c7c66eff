package advisory_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// feedSample is testdata/feeds/NAME.txtar: what the publisher's server has, in
// files whose names begin with "serve/"; a name with an exclamation mark is a
// member of an archive. "address" is what is asked for, "want" what the
// database says then, and "over" OSV records that are read with it.
type feedSample struct {
	served              map[string][]byte
	address, want, over string
}

func readFeedSample(t *testing.T, name string) *feedSample {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "feeds", name+".txtar"))
	if err != nil {
		t.Fatalf("a feed without recorded data: %v", err)
	}
	s := &feedSample{served: map[string][]byte{}}
	members := map[string][]txtar.File{}
	for _, f := range a.Files {
		path, ok := strings.CutPrefix(f.Name, "serve/")
		archive, member, packed := strings.Cut(path, "!/")
		switch {
		case f.Name == "want":
			s.want = string(f.Data)
		case f.Name == "address":
			s.address = strings.TrimSpace(string(f.Data))
		case f.Name == "over":
			s.over = string(f.Data)
		case !ok:
			t.Fatalf("%s: what is %s?", name, f.Name)
		case packed:
			members[archive] = append(members[archive], txtar.File{Name: member, Data: f.Data})
		default:
			s.served["/"+path] = compress(t, path, f.Data)
		}
	}
	for archive, files := range members {
		s.served["/"+archive] = pack(t, archive, files)
	}
	return s
}

func pack(t *testing.T, name string, files []txtar.File) []byte {
	t.Helper()
	var out bytes.Buffer
	if strings.HasSuffix(name, ".zip") {
		z := zip.NewWriter(&out)
		for _, f := range files {
			w, err := z.Create(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write(f.Data)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	w := tar.NewWriter(&out)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.Name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(f.Data))}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(f.Data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return compress(t, name, out.Bytes())
}

// compress packs as the name says. What nobody here can pack is served as it
// is: readers go by what they see.
func compress(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	switch filepath.Ext(name) {
	case ".gz":
		z := gzip.NewWriter(&out)
		_, _ = z.Write(data)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	case ".zst":
		z, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		return z.EncodeAll(data, nil)
	default:
		return data
	}
	return out.Bytes()
}

// say writes down what a database says of every package.
func say(t *testing.T, db *advisory.DB) string {
	t.Helper()
	var out strings.Builder
	rated := map[string]bool{}
	for k, err := range db.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s\n", k.Ecosystem, k.Name)
		for r, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "\t%s", r.ID)
			for _, v := range r.Vulns {
				if v != r.ID && "-"+v != strings.TrimPrefix(r.ID, strings.TrimSuffix(r.ID, "-"+v)) {
					fmt.Fprintf(&out, " %s", v)
				}
				rated[v] = true
			}
			a := &r.Affected
			fmt.Fprintf(&out, " %s", cmp.Or(string(a.Status), "affected"))
			if a.Severity != boltseal.Unknown {
				fmt.Fprintf(&out, " %s", a.Severity)
			}
			for _, g := range a.Ranges {
				fmt.Fprintf(&out, " [%s %s)", g.Introduced, cmp.Or(g.Fixed, g.LastAffected))
			}
			if len(r.Modules)+len(a.Symbols) > 0 {
				fmt.Fprintf(&out, " %s", strings.Join(append(r.Modules, a.Symbols...), " "))
			}
			fmt.Fprintln(&out)
		}
	}
	for _, id := range slices.Sorted(maps(rated)) {
		a, err := db.Advisory(id)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s: %s", id, cmp.Or(a.Summary, strings.SplitN(a.Details, "\n", 2)[0]))
		for _, r := range a.Ratings {
			fmt.Fprintf(&out, "; %s %s", r.By, r.Severity)
			if r.Score > 0 {
				fmt.Fprintf(&out, " %.1f", r.Score)
			}
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

func maps(set map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

var feedsNow = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// TestEveryFeed fetches every feed from a server that behaves as its publisher's
// and holds what the database says then against what it should. Then the
// server breaks, and nothing of it may be lost; and what lies in the cache
// gives the same without any server.
func TestEveryFeed(t *testing.T) {
	for _, feed := range advisory.Feeds() {
		if feed.Name == "osv" || feed.Name == "kev" || feed.Name == "epss" {
			continue // these have tests of their own
		}
		t.Run(feed.Name, func(t *testing.T) {
			s := readFeedSample(t, feed.Name)
			server, url := newBucket(t)
			for path, data := range s.served {
				server.put(path, data)
			}
			dir := t.TempDir()
			sources := []advisory.Source{{Feed: feed.Name, At: url + s.address}}
			if s.over != "" {
				over := filepath.Join(dir, "over.json")
				if err := os.WriteFile(over, []byte(s.over), 0o600); err != nil {
					t.Fatal(err)
				}
				sources = append(sources, advisory.Source{Feed: "osv", At: over})
			}
			path := filepath.Join(dir, "advisories.db")
			opts := &advisory.UpdateOptions{Sources: sources, Now: feedsNow, CacheDir: filepath.Join(dir, "cache"), Timeout: 5 * time.Second}
			updateFeed(t, path, opts, s.want, "")
			local := filepath.Join(dir, "local.db")
			sources[0].At = filepath.Join(dir, "cache", feed.Name)
			if data := filepath.Join(sources[0].At, "data"); exists(data) {
				sources[0].At = data
			}
			if _, err := advisory.Build(t.Context(), local, sources, nil); err != nil {
				t.Fatal("build from the cache:", err)
			}
			holds(t, local, s.want)
			breakdown(t, server, s, path, opts)
		})
	}
}

// breakdown lets the server fail in several ways.
func breakdown(t *testing.T, server *bucket, s *feedSample, path string, opts *advisory.UpdateOptions) {
	t.Helper()
	opts.Sources = []advisory.Source{opts.Sources[0]}
	opts.Sources[0].At, opts.Sources[0].Mirrors = strings.TrimSuffix(server.url(), "/")+s.address, nil
	if s.over != "" {
		opts.Sources = append(opts.Sources, advisory.Source{Feed: "osv", At: filepath.Join(filepath.Dir(path), "over.json")})
	}
	// Another feed is well all the while.
	server.put("/kev.json", []byte(`{"dateReleased":"2026-01-01T00:00:00Z","vulnerabilities":[{"cveID":"CVE-1999-0001","dateAdded":"2026-01-01"}]}`))
	opts.Sources = append(opts.Sources, advisory.Source{Feed: "kev", At: server.url() + "/kev.json"})
	opts.Now = opts.Now.Add(8 * 24 * time.Hour)
	for name, data := range s.served {
		server.put(name, append(bytes.Clone(data[:len(data)*2/3]), "\x00garbled"...))
	}
	updateFeed(t, path, opts, s.want, "garbled")
	for name := range s.served {
		server.misbehave(name, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	}
	updateFeed(t, path, opts, s.want, "refused")
}

// TestSlowFeed has one server that drips: the other feeds are updated all the
// same, and soon.
func TestSlowFeed(t *testing.T) {
	server, url := newBucket(t)
	server.ecosystem(t, "/osv/npm", osvOf("GHSA-aaaa-aaaa-aaaa", "npm", "a", "1", ""))
	server.put("/debian.json", []byte("{}"))
	server.misbehave("/debian.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		for range 1000 {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	path := filepath.Join(t.TempDir(), "advisories.db")
	start := time.Now()
	s, err := advisory.Update(t.Context(), path, &advisory.UpdateOptions{
		Sources: []advisory.Source{{Feed: "debian", At: url + "/debian.json"}, {Feed: "osv", At: url + "/osv", Ecosystems: []string{"npm"}}},
		Now:     feedsNow, Timeout: 400 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	states := map[string]bool{}
	for _, f := range s.Feeds {
		states[f.Name] = f.Error == ""
	}
	if diff := gocmp.Diff(map[string]bool{"debian": false, "osv/npm": true}, states); diff != "" {
		t.Error("well (-want +got):", diff)
	}
}

func updateFeed(t *testing.T, path string, opts *advisory.UpdateOptions, want, broken string) {
	t.Helper()
	snapshot, err := advisory.Update(t.Context(), path, opts)
	if err != nil {
		t.Fatal(cmp.Or(broken, "update"), err)
	}
	holds(t, path, want)
	for _, f := range snapshot.Feeds {
		if f.Name != opts.Sources[0].Feed {
			continue
		}
		if (f.Error != "") != (broken != "") {
			t.Errorf("%s: the feed's state is %q", cmp.Or(broken, "whole"), f.Error)
		}
		if f.Records == 0 || f.Fetched.IsZero() {
			t.Errorf("the feed has %d records of %s", f.Records, f.Fetched)
		}
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Verify(); err != nil {
		t.Error(err)
	}
	got := say(t, db)
	if os.Getenv("BOLTSEAL_SHOW") != "" {
		t.Log("\n" + got)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
