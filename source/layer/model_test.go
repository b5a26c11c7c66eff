package layer_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// model unpacks layers as a runtime does, in the plainest way there is: it is
// what the layer reader is compared with.
type model struct {
	root  *thing
	layer int // being unpacked, from 0
	depth int
}

type thing struct {
	kind     byte // as in a tar header
	content  string
	target   string
	layer    int // -1: no layer has an entry for it
	parent   *thing
	children map[string]*thing
}

func newModel() *model {
	m := &model{depth: 16, root: &thing{kind: tar.TypeDir, layer: -1, children: map[string]*thing{}}}
	m.root.parent = m.root
	return m
}

func names(path string) []string {
	var all []string
	for name := range strings.SplitSeq(path, "/") {
		switch name {
		case "", ".":
		case "..":
			all = all[:max(len(all)-1, 0)]
		default:
			all = append(all, name)
		}
	}
	return all
}

// walk follows a path; nil is where it leads nowhere. With make, directories
// take the place of whatever is in the way, and of nothing.
func (m *model) walk(path []string, last, mkdir bool) *thing {
	at, links := m.root, 0
	for len(path) > 0 {
		name := path[0]
		path = path[1:]
		if name == ".." {
			at = at.parent
			continue
		}
		if name == "" || name == "." {
			continue
		}
		child := at.children[name]
		if child == nil {
			if !mkdir {
				return nil
			}
			child = m.put(at, name, &thing{kind: tar.TypeDir, layer: m.layer})
		}
		if child.kind == tar.TypeSymlink && (len(path) > 0 || last) {
			if links++; links > m.depth || child.target == "" {
				return nil
			}
			if child.target[0] == '/' {
				at = m.root
			}
			path = append(strings.Split(child.target, "/"), path...)
			continue
		}
		if child.kind != tar.TypeDir {
			if mkdir {
				child = m.put(at, name, &thing{kind: tar.TypeDir, layer: m.layer})
			} else if len(path) > 0 {
				return nil
			}
		}
		at = child
	}
	return at
}

func (m *model) put(dir *thing, name string, t *thing) *thing {
	t.parent = dir
	if t.kind == tar.TypeDir {
		t.children = map[string]*thing{}
	}
	dir.children[name] = t
	return t
}

// hide takes away what is older than this layer, and says whether anything
// is left of t.
func (m *model) hide(t *thing) bool {
	for name, child := range t.children {
		if !m.hide(child) {
			delete(t.children, name)
		}
	}
	if t.layer == m.layer {
		return true
	}
	t.layer = m.layer // what is newer below it keeps it as a directory
	return len(t.children) > 0
}

// apply unpacks one entry.
func (m *model) apply(e testimage.Entry) {
	path := names(e.Name)
	if len(path) == 0 {
		if e.Typeflag == tar.TypeDir {
			m.root.layer = m.layer
		}
		return
	}
	dir, base := path[:len(path)-1], path[len(path)-1]
	if base == ".wh..wh..opq" {
		if d := m.walk(dir, true, false); d != nil && d.kind == tar.TypeDir {
			for name, child := range d.children {
				if !m.hide(child) {
					delete(d.children, name)
				}
			}
		}
		return
	}
	if hidden, ok := strings.CutPrefix(base, ".wh."); ok && !strings.HasPrefix(base, ".wh..wh.") {
		if d := m.walk(dir, true, false); d != nil && d.kind == tar.TypeDir && d.children[hidden] != nil {
			if !m.hide(d.children[hidden]) {
				delete(d.children, hidden)
			}
		}
		return
	}
	d := m.walk(dir, true, true)
	if d == nil {
		return
	}
	t := &thing{kind: e.Typeflag, layer: m.layer, content: string(e.Body), target: e.Linkname}
	switch old := d.children[base]; {
	case e.Typeflag == tar.TypeLink:
		to := m.walk(names(e.Linkname), false, false)
		if to == nil || to.kind == tar.TypeDir || to == old {
			return
		}
		*t = *to
		t.layer = m.layer
	case e.Typeflag == tar.TypeDir && old != nil && old.kind == tar.TypeDir:
		old.layer = m.layer
		return
	}
	m.put(d, base, t)
}

// finish drops AUFS's own files, which no layer above can see.
func (m *model) finish() {
	var drop func(*thing)
	drop = func(t *thing) {
		for name, child := range t.children {
			if strings.HasPrefix(name, ".wh..wh.") && child.layer == m.layer {
				delete(t.children, name)
			}
			drop(child)
		}
	}
	drop(m.root)
	m.layer++
}

// lines describes everything in the model.
func (m *model) lines() []string {
	var all []string
	var walk func(*thing, string)
	walk = func(t *thing, prefix string) {
		for name, c := range t.children {
			all = append(all, line(prefix+name, c.kind, c.layer, c.content, c.target))
			walk(c, prefix+name+"/")
		}
	}
	walk(m.root, "")
	slices.Sort(all)
	return all
}

func line(path string, kind byte, layer int, content, target string) string {
	switch kind {
	case tar.TypeReg:
		return fmt.Sprintf("%s: file of layer %d: %q", path, layer, content)
	case tar.TypeSymlink:
		return fmt.Sprintf("%s: link of layer %d to %q", path, layer, target)
	case tar.TypeDir:
		return fmt.Sprintf("%s: directory of layer %d", path, layer)
	}
	return fmt.Sprintf("%s: special file (type %c) of layer %d", path, kind, layer)
}

// view describes everything in a file system in the same way.
func view(t testing.TB, f *layer.FS) []string {
	t.Helper()
	var all []string
	last := ""
	for path, info := range f.Files() {
		if path <= last {
			t.Errorf("%q is listed after %q", path, last)
		}
		last = path
		if !fs.ValidPath(path) && strings.ToValidUTF8(path, "") == path {
			t.Fatalf("invalid path %q", path)
		}
		kind, content, target := byte(tar.TypeFifo), "", ""
		switch {
		case info.Mode()&fs.ModeCharDevice != 0:
			kind = tar.TypeChar
		case info.Mode()&fs.ModeDevice != 0:
			kind = tar.TypeBlock
		case info.IsDir():
			kind = tar.TypeDir
		case info.Mode().IsRegular():
			kind = tar.TypeReg
			data, err := f.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if content = string(data); int64(len(data)) != info.Size() {
				t.Errorf("%s: %d bytes, size %d", path, len(data), info.Size())
			}
		case info.Mode()&fs.ModeSymlink != 0:
			kind = tar.TypeSymlink
			var err error
			if target, err = f.ReadLink(path); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, line(path, kind, info.Sys().(*layer.Attr).Layer, content, target))
	}
	slices.Sort(all)
	return all
}

// compare holds the reader's view of the layers against the model's.
func compare(t *testing.T, layers [][]testimage.Entry, paths []string) {
	t.Helper()
	m := newModel()
	var streams, places []layer.Blob
	for i, entries := range layers {
		for _, e := range entries {
			m.apply(e)
		}
		m.finish()
		compression := []string{"plain", "gzip", "zstd"}[i%3]
		l := testimage.NewLayer(t, compression, testimage.Tar(t, entries...))
		streams = append(streams, blob(l))
		places = append(places, layer.Blob{Layer: streams[i].Layer, At: bytes.NewReader(l.Stored)})
	}
	want := m.lines()
	for _, blobs := range [][]layer.Blob{streams, places} {
		f := read(t, blobs, &layer.Options{Jobs: 2})
		if diff := cmp.Diff(want, view(t, f)); diff != "" {
			t.Fatalf("view (-model +reader):\n%s\nof layers\n%s", diff, describe(layers))
		}
		for _, path := range paths {
			at := m.walk(strings.Split(path, "/"), true, false)
			got, err := f.Stat(path)
			switch {
			case (at == nil) != (err != nil):
				t.Fatalf("stat %s: got %v, want %v\n%s", path, err, at, describe(layers))
			case at == nil:
				continue
			case got.IsDir() != (at.kind == tar.TypeDir):
				t.Fatalf("stat %s: got %v, want kind %c\n%s", path, got, at.kind, describe(layers))
			}
			if at.kind == tar.TypeReg {
				if data, err := f.ReadFile(path); err != nil || string(data) != at.content {
					t.Fatalf("read %s: got %q, %v, want %q", path, data, err, at.content)
				}
			}
			if n, ok := f.LayerOf(path); ok != (at.layer >= 0) || ok && n != at.layer {
				t.Fatalf("layer of %s: got %d, %v, want %d\n%s", path, n, ok, at.layer, describe(layers))
			}
		}
	}
}

func describe(layers [][]testimage.Entry) string {
	var b strings.Builder
	for i, entries := range layers {
		fmt.Fprintf(&b, "layer %d\n", i)
		for _, e := range entries {
			fmt.Fprintf(&b, "  %c %q %q %q\n", e.Typeflag, e.Name, e.Linkname, e.Body)
		}
	}
	return b.String()
}

// The words that random layers are made of: few, so that they meet.
var (
	randomNames   = []string{"a", "b", "c", "lib"}
	randomTargets = []string{
		"a", "b", "lib", "/", "..", ".", "../b", "/a/b", "c/../a", "./lib", "/lib/c", "../../../a", "missing", "missing/x", "a/b/c",
	}
	randomPrefixes = []string{"", "./", "/", "../", "x/../"}
)

// layersOf makes layers of fuzz input: each entry takes four bytes.
func layersOf(data []byte) [][]testimage.Entry {
	layers := [][]testimage.Entry{nil}
	for n := 0; len(data) >= 4 && n < 60; n++ {
		op, p, q, x := data[0], data[1], data[2], data[3]
		data = data[4:]
		path := randomNames[p%4]
		if p&4 != 0 {
			path += "/" + randomNames[p>>3%4]
		}
		if p&32 != 0 {
			path += "/" + randomNames[p>>6%4]
		}
		dir, base := "", path
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			dir, base = path[:i+1], path[i+1:]
		}
		var e testimage.Entry
		switch op % 16 {
		case 0, 1, 2, 3:
			e = testimage.File(path, fmt.Sprint("content ", n))
		case 4, 5, 6:
			e = testimage.Dir(path)
		case 7, 8:
			e = testimage.Symlink(path, randomTargets[int(q)%len(randomTargets)])
		case 9:
			e = testimage.Hardlink(path, strings.TrimLeft(randomTargets[int(q)%len(randomTargets)], "/"))
			if e.Linkname == "" {
				e.Linkname = "."
			}
		case 10, 11:
			e = testimage.File(dir+".wh."+base, "")
		case 12:
			e = testimage.File(dir+".wh..wh..opq", "")
		case 13:
			e = testimage.Entry{Header: tar.Header{Typeflag: tar.TypeFifo, Name: path}}
		case 14:
			e = testimage.File(dir+".wh..wh.plnk/"+base, fmt.Sprint("plnk ", n))
			if q&1 != 0 {
				e = testimage.Hardlink(path, ".wh..wh.plnk/"+base)
			}
		case 15:
			if len(layers) < 5 {
				layers = append(layers, nil)
			}
			continue
		}
		e.Name = randomPrefixes[int(x)%len(randomPrefixes)] + e.Name
		last := len(layers) - 1
		layers[last] = append(layers[last], e)
	}
	return layers
}

// everyPath are all paths of up to three of the words.
func everyPath() []string {
	all := map[string]bool{".": true}
	for _, a := range append(randomNames, "missing") {
		all[a] = true
		for _, b := range randomNames {
			all[a+"/"+b] = true
			for _, c := range randomNames {
				all[a+"/"+b+"/"+c] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{0, 4, 0, 0, 15, 0, 0, 0, 12, 4, 0, 0, 0, 1, 2, 3})
	f.Add([]byte{7, 3, 6, 0, 0, 7, 0, 0, 15, 0, 0, 0, 0, 15, 0, 0, 10, 7, 0, 0})
	f.Add([]byte{0, 0, 0, 0, 15, 0, 0, 0, 9, 1, 0, 0, 10, 0, 0, 0, 4, 0, 0, 1, 0, 4, 0, 0})
	f.Add(testimage.Random(200))
	f.Add(testimage.Random(240))
	paths := everyPath()
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, layersOf(data), paths)
	})
}

// Random layers, more of them than the seeds of the fuzz test.
func TestModel(t *testing.T) {
	paths := everyPath()
	n := 800
	if testing.Short() {
		n = 200
	}
	for i := range n {
		compare(t, layersOf(testimage.Random(100+i)), paths)
	}
}
