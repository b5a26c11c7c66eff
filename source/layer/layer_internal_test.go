package layer

// White-box: the log and the cleaning of names are seen from outside only
// through a whole read, which would not show where one of them went wrong.

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestLogKeepsEverything(t *testing.T) {
	var l log
	var want, got []string
	for i := range 5000 {
		r := record{
			kind: "01234567"[i%8], path: []byte(strings.Repeat("folder/", i%40) + "name" + string(rune('a'+i%26))),
			size: int64(i) << (i % 50), pos: int64(i) * 1024 << (i % 20), mtime: int64(1_700_000_000 - i*i), mode: int64(i % 0o7777),
			uid: int64(i), gid: -int64(i), content: content(i), sparse: i%3 == 0,
		}
		switch i % 7 {
		case 0:
			r.content = sniffedNo
		case 1:
			r.content = refused
		case 2:
			r.link = []byte("../target")
		}
		if r.kind == '3' || r.kind == '4' {
			r.major, r.minor = int64(i), int64(i*2)
		}
		if i == 100 {
			r.path = []byte(strings.Repeat("x", maxText))
		}
		l.append(&r)
		want = append(want, fmt.Sprintf("%+v", r))
	}
	l.replay(func(r *record) { got = append(got, fmt.Sprintf("%+v", *r)) })
	if !slices.Equal(got, want) {
		t.Error("what was logged is not what is replayed")
	}
}

// cleanPath is what clean promises, by the standard library.
func cleanPath(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

func FuzzClean(f *testing.F) {
	for _, name := range []string{
		"", "/", ".", "./", "a", "./a", "/a/", "a//b", "a/./b", "a/../b", "../../a", ".a", "..a", "a.", "a/..", "...", "a/.b/..c/", ".//./a", "././.",
	} {
		f.Add(name)
	}
	var buf []byte
	f.Fuzz(func(t *testing.T, name string) {
		var got []byte
		if got, buf = clean([]byte(name), buf); string(got) != cleanPath(name) {
			t.Errorf("%q: got %q, want %q", name, got, cleanPath(name))
		}
	})
}

func TestNodesAreSmall(t *testing.T) {
	tr := newTree()
	for i := range 100_000 {
		tr.add(root, []byte("name"+string(rune(i))), tr.inodeOf(i), 1)
	}
	bytes := len(tr.nodes.blocks)*28<<slabBits + len(tr.inodes.blocks)*40<<slabBits + len(tr.index)*4 + len(tr.text)*textBlock
	if per := bytes / 100_000; per > 100 {
		t.Errorf("%d bytes an entry", per)
	}
}

func (t *tree) inodeOf(i int) inodeID { return inodeID(t.inodes.add(inode{size: int64(i)})) }
