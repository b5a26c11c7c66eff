package inventory_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/inventory"
	"github.com/boltseal/boltseal/source/layer"
)

// toy reads lines of "purl basis"; "panic", "fail" and "loop" do what they
// say.
func toy(name string, files ...string) inventory.Ecosystem {
	return inventory.Ecosystem{Name: name, Title: name, Readers: []inventory.Reader{{
		Name: name + "/list", Files: files, Read: readToy,
	}}}
}

func readToy(_ context.Context, in *inventory.Input) ([]boltseal.Component, error) {
	var found []boltseal.Component
	lines := bufio.NewScanner(in.File)
	for lines.Scan() {
		word, basis, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "panic":
			panic("out of range")
		case "fail":
			return found, errors.New("line makes no sense")
		case "loop":
			for {
				if _, err := in.File.ReadAt(make([]byte, 1), 0); err != nil {
					return found, err
				}
			}
		default:
			found = append(found, boltseal.Component{PURL: word, Basis: boltseal.Basis(basis)})
		}
	}
	return found, lines.Err()
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s), Mode: 0o644} }
func link(s string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(s), Mode: 0o777 | fs.ModeSymlink}
}

// lines says shortly what was found.
func lines(r *inventory.Result) []string {
	var out []string
	for _, c := range r.Components {
		line := c.PURL + " " + string(c.Basis)
		if c.OwnedBy != "" {
			line += " of " + c.OwnedBy
		}
		for _, l := range c.Locations {
			line += " " + l.File
		}
		out = append(out, line)
	}
	for _, g := range r.Gaps {
		out = append(out, fmt.Sprintf("gap %s: %s: %s", g.Kind, g.What, g.Why))
	}
	return out
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		opts  inventory.Options
		want  []string
	}{{
		name: "one component with two places, strongest evidence first",
		files: fstest.MapFS{
			"a/list": text("pkg:npm/x@1 declared\npkg:npm/y@1"),
			"b/list": text("pkg:npm/x@1 installed"),
		},
		want: []string{"pkg:npm/x@1 installed a/list b/list", "pkg:npm/y@1 declared a/list"},
	}, {
		name: "bad files are gaps and do not hide the others",
		files: fstest.MapFS{
			"a/list": text("panic"),
			"b/list": text("pkg:npm/kept@1\nfail"),
			"d/list": text("nonsense"),
			"e/list": text("pkg:npm/x@1"),
		},
		want: []string{
			"pkg:npm/kept@1 declared b/list",
			"pkg:npm/x@1 declared e/list",
			"gap unreadable-file: file a/list: reader toy/list gave up: out of range",
			"gap unreadable-file: file b/list: line makes no sense",
			"gap unreadable-file: file d/list: purl \"nonsense\": it does not begin with pkg: as all do",
		},
	}, {
		name:  "a reader that does not come to an end is stopped",
		files: fstest.MapFS{"a/list": text("loop")},
		opts:  inventory.Options{FileTime: time.Millisecond},
		want:  []string{"gap unreadable-file: file a/list: reading took too long"},
	}, {
		name:  "a file past the limit is a gap",
		files: fstest.MapFS{"list": text("pkg:npm/x@1")},
		opts:  inventory.Options{Limits: limit.Limits{FileBytes: 5}},
		want:  []string{"gap limit: file list: file: more than 5 bytes (raise --max-file-bytes if you trust the input)"},
	}, {
		name: "links to a file do not count it twice",
		files: fstest.MapFS{
			"a/list":    text("pkg:npm/x@1"),
			"b/list":    link("../a/list"),
			"c/list":    link("../b/list"),
			"gone/list": link("nothing"),
			"loop/list": link("../loop/list"),
			"out/list":  link("../../../etc/passwd"),
			"abs/list":  link("/a/list"),
		},
		want: []string{
			"pkg:npm/x@1 declared a/list",
			"gap unreadable-file: file abs/list: link leads out of the tree",
			"gap unreadable-file: file loop/list: too many links behind each other",
			"gap unreadable-file: file out/list: link leads out of the tree",
		},
	}, {
		name: "links of an image start at its root",
		files: fstest.MapFS{
			"data/real": text("pkg:npm/x@1"),
			"b/list":    link("/data/real"),
			"c/list":    link("../../../../data/real"),
		},
		opts: inventory.Options{Image: true},
		want: []string{"pkg:npm/x@1 declared data/real"},
	}, {
		name: "a named folder behind a link is found",
		files: fstest.MapFS{
			"usr/lib/db/installed": text("pkg:apk/x@1 installed"),
			"lib":                  link("usr/lib"),
		},
		opts: inventory.Options{Image: true},
		want: []string{"pkg:apk/x@1 installed usr/lib/db/installed"},
	}, {
		name: "in an image a lock file counts only without an installed tree",
		files: fstest.MapFS{
			"app/list":                       text("pkg:npm/old@1 declared\npkg:pypi/other@1 declared"),
			"app/node_modules/old/list":      text("pkg:npm/old@2 installed"),
			"bundle/list":                    text("pkg:npm/old@3 declared"),
			"usr/share/doc/x/list":           text("pkg:npm/doc@1 declared"),
			"py/list":                        text("pkg:pypi/flask@1 declared\npkg:pypi/django@1 declared"),
			"usr/lib/site-packages/a/list":   text("pkg:pypi/flask@2 installed"),
			"usr/lib/site-packages/a/b/list": text("pkg:pypi/fixture@1 declared"),
		},
		opts: inventory.Options{Image: true},
		want: []string{
			"pkg:npm/old@2 installed app/node_modules/old/list",
			"pkg:npm/old@3 declared bundle/list",
			"pkg:pypi/django@1 declared py/list",
			"pkg:pypi/flask@2 installed usr/lib/site-packages/a/list",
			"pkg:pypi/other@1 declared app/list",
		},
	}, {
		name: "in a project a lock file counts",
		files: fstest.MapFS{
			"list":                      text("pkg:npm/old@1 declared"),
			"node_modules/old/list":     text("pkg:npm/old@2 installed"),
			"node_modules/old/sub/list": text("pkg:npm/fixture@1 declared"),
			".git/refs/heads/list":      text("pkg:npm/branch@1 declared"),
		},
		want: []string{"pkg:npm/old@1 declared list", "pkg:npm/old@2 installed node_modules/old/list"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			test.opts.Ecosystems = []inventory.Ecosystem{toy("toy", "**/list", "data/list", "lib/db/installed")}
			for _, jobs := range []int{1, 4} {
				test.opts.Jobs = jobs
				got, err := inventory.Read(t.Context(), test.files, &test.opts)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, lines(got)); diff != "" {
					t.Errorf("jobs %d (-want +got):\n%s", jobs, diff)
				}
			}
		})
	}
}

func TestReadFillsIn(t *testing.T) {
	files := fstest.MapFS{"list": text("pkg:npm/%40s/x@1.0")}
	got, err := inventory.Read(t.Context(), files, &inventory.Options{
		Ecosystems: []inventory.Ecosystem{toy("toy", "list")},
		LayerOf:    func(path string) (boltseal.Digest, bool) { return boltseal.Digest("sha256:" + path), true },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []boltseal.Component{{
		PURL: "pkg:npm/%40s/x@1.0", Name: "@s/x", Version: "1.0", FoundBy: "toy/list", Basis: boltseal.Declared,
		Locations: []boltseal.Location{{File: "list", Layer: "sha256:list"}},
	}}
	if diff := cmp.Diff(want, got.Components); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := inventory.Read(ctx, fstest.MapFS{"list": text("")}, &inventory.Options{Ecosystems: []inventory.Ecosystem{toy("toy", "list")}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// lister is a file system that knows its entries, keeps only what was
// selected and can bring in more, as layer.FS does.
type lister struct {
	fstest.MapFS
	kept    map[string]bool
	fetched []string
}

func (l *lister) Files() iter.Seq2[string, fs.FileInfo] {
	return func(yield func(string, fs.FileInfo) bool) {
		for _, name := range slices.Sorted(maps.Keys(l.MapFS)) {
			info, err := l.Lstat(name)
			if err == nil && !yield(name, info) {
				return
			}
		}
	}
}

func (l *lister) Open(name string) (fs.File, error) {
	if f := l.MapFS[name]; f != nil && !l.kept[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: layer.ErrNotKept}
	}
	return l.MapFS.Open(name)
}

func (l *lister) Fetch(_ context.Context, names []string) error {
	l.fetched = append(l.fetched, names...)
	for _, name := range names {
		l.kept[name] = true
	}
	return nil
}

func TestReadFetchesOnce(t *testing.T) {
	fsys := &lister{kept: map[string]bool{"a/list": true, "bin/kept": true}, MapFS: fstest.MapFS{
		"a/list":     text("pkg:npm/x@1"),
		"b/list":     link("/data/blob"),
		"data/blob":  text("pkg:npm/y@1"),
		"bin/kept":   {Data: []byte("MAGIC"), Mode: 0o755},
		"bin/passed": {Data: []byte("other"), Mode: 0o755},
	}}
	eco := toy("toy", "**/list")
	eco.Readers = append(eco.Readers, inventory.Reader{
		Name:  "toy/binary",
		Sniff: func(head []byte) bool { return bytes.HasPrefix(head, []byte("MAGIC")) },
		Read: func(_ context.Context, in *inventory.Input) ([]boltseal.Component, error) {
			return []boltseal.Component{{PURL: "pkg:generic/" + path.Base(in.Path) + "@1", Basis: boltseal.Embedded}}, nil
		},
	})
	got, err := inventory.Read(t.Context(), fsys, &inventory.Options{Image: true, Ecosystems: []inventory.Ecosystem{eco}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pkg:generic/kept@1 embedded bin/kept", "pkg:npm/x@1 declared a/list", "pkg:npm/y@1 declared data/blob",
	}
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"data/blob"}, fsys.fetched); diff != "" {
		t.Errorf("fetched (-want +got):\n%s", diff)
	}
}

// locked is a file system with a folder that may not be listed and a file
// that may not be read.
type locked struct{ fstest.MapFS }

func (l locked) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "secret" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return l.MapFS.ReadDir(name)
}

func (l locked) Open(name string) (fs.File, error) {
	if name == "b/list" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return l.MapFS.Open(name)
}

func TestReadSaysWhatItCouldNotLookAt(t *testing.T) {
	files := fstest.MapFS{
		"a/list": text("pkg:npm/x@1"), "b/list": text("pkg:npm/y@1"), "secret/list": text("pkg:npm/z@1"),
		"proc/1/list": text("pkg:npm/running@1"),
	}
	got, err := inventory.Read(t.Context(), locked{files}, &inventory.Options{
		Image: true, Ecosystems: []inventory.Ecosystem{toy("toy", "**/list")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pkg:npm/x@1 declared a/list",
		"gap unreadable-file: file b/list: open b/list: permission denied",
		"gap unreadable-file: folder secret: open secret: permission denied",
	}
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReadOnlyStreams: a file system without links or random access serves
// as well.
func TestReadOnlyStreams(t *testing.T) {
	files := fstest.MapFS{"a/list": text("pkg:npm/x@1"), "b/list": text(strings.Repeat("pkg:npm/y@1\n", 100))}
	got, err := inventory.Read(t.Context(), streams{files}, &inventory.Options{
		Ecosystems: []inventory.Ecosystem{toy("toy", "**/list")}, Limits: limit.Limits{FileBytes: 200},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pkg:npm/x@1 declared a/list",
		"gap limit: file b/list: file: more than 200 bytes (raise --max-file-bytes if you trust the input)",
	}
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type streams struct{ fsys fs.FS }

func (s streams) Open(name string) (fs.File, error) {
	f, err := s.fsys.Open(name)
	if _, ok := f.(fs.ReadDirFile); err != nil || ok {
		return f, err
	}
	return struct{ fs.File }{f}, nil
}

func TestReadMakesFewGapsOfOneFile(t *testing.T) {
	got, err := inventory.Read(t.Context(), fstest.MapFS{"list": text(strings.Repeat("nonsense\n", 1000))}, &inventory.Options{
		Ecosystems: []inventory.Ecosystem{toy("toy", "list")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`gap unreadable-file: file list: and more of the kind`,
		`gap unreadable-file: file list: purl "nonsense": it does not begin with pkg: as all do`, // once: the others say the same
	}
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadTooManyEntries(t *testing.T) {
	_, err := inventory.Read(t.Context(), fstest.MapFS{"a": text(""), "b": text(""), "c": text("")}, &inventory.Options{
		Ecosystems: []inventory.Ecosystem{toy("toy", "list")}, Limits: limit.Limits{Entries: 2},
	})
	if met, ok := errors.AsType[*limit.Error](err); !ok || met.Flag != "--max-entries" {
		t.Errorf("got %v, want the limit of entries", err)
	}
}
