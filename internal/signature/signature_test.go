package signature_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/signature"
)

// fileFor is a name that the signature's software goes by.
func fileFor(s *signature.Signature) string {
	if s.Name == "python" {
		return "python3.11"
	}
	if len(s.Files) == 0 {
		return "renamed"
	}
	return strings.NewReplacer("[23]", "3", "[0-9]", "1", "*", "").Replace(s.Files[0])
}

func found(t *testing.T, name, text, want string) string {
	t.Helper()
	matches, err := signature.FindIn(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matches {
		if m.Name == want {
			return m.Version
		}
	}
	return ""
}

// sample is a text and the version that is found in it, empty when it is not
// the software.
type sample struct{ text, version string }

// samples reads testdata/NAME.txt: like "text" version, unlike "text", and
// what real files a signature was seen to know.
func samples(tb testing.TB, name string) (all []sample, seen int) {
	tb.Helper()
	data, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		tb.Error(err)
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.TrimSpace(value)
		switch key {
		case "like", "unlike":
			quoted, err := strconv.QuotedPrefix(value)
			if err != nil {
				tb.Fatalf("%s: %s: %v", name, value, err)
			}
			text, _ := strconv.Unquote(quoted)
			version := strings.TrimSpace(value[len(quoted):])
			if (key == "like") != (version != "") {
				tb.Errorf("%s: %s %s", name, key, value)
			}
			all = append(all, sample{text, version})
		case "seen":
			seen++
		case "":
		default:
			tb.Errorf("%s: %q", name, line)
		}
	}
	return all, seen
}

// TestSamples holds each file of data to its own examples.
func TestSamples(t *testing.T) {
	for _, s := range signature.All() {
		all, _ := samples(t, s.Name)
		if len(all) == 0 || all[0].version == "" {
			t.Errorf("%s: no example", s.Name)
		}
		for _, one := range all {
			// Wherever it stands, also across the ends of what is read in one go.
			for _, before := range []int{1, 128<<10 - 10, 128<<10 + 250, 128<<10 + 500, 3 * (128 << 10)} {
				text := strings.Repeat("\x00", before) + one.text + "\x00"
				if got := found(t, fileFor(s), text, s.Name); got != one.version {
					t.Errorf("%s: got %q in %q after %d bytes, want %q", s.Name, got, one.text, before, one.version)
				}
			}
			if s.Files != nil && found(t, "unrelated-name", "\x00"+one.text+"\x00", s.Name) != "" {
				t.Errorf("%s: found under a name that is not its own", s.Name)
			}
		}
		if !s.Is(s.Packages[0]) && !strings.Contains(s.Packages[0], "*") {
			t.Errorf("%s: is not its own package %s", s.Name, s.Packages[0])
		}
		if s.Is("boltseal") {
			t.Errorf("%s: its packages are everything", s.Name)
		}
	}
}

// TestSelf: a program that holds the signatures does not look like all that
// they know.
func TestSelf(t *testing.T) {
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Skip(err)
	}
	p, err := exe.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Skip(err)
	}
	if matches, err := signature.Find("boltseal", p); err != nil || len(matches) > 0 {
		t.Errorf("got %+v, %v", matches, err)
	}
}

// TestReal looks at unpacked packages of a distribution, where there are any:
// BOLTSEAL_SIGNATURES names their folder.
func TestReal(t *testing.T) {
	root := os.Getenv("BOLTSEAL_SIGNATURES")
	if root == "" {
		t.Skip("BOLTSEAL_SIGNATURES names no folder of unpacked packages")
	}
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		p, _ := exe.Open(bytes.NewReader(data), int64(len(data)))
		if p == nil {
			return nil
		}
		matches, err := signature.Find(name, p)
		for _, m := range matches {
			t.Logf("%-16s %-12s %s", m.Name, m.Version, strings.TrimPrefix(name, root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range signature.All() {
		all, _ := samples(f, s.Name)
		for _, one := range all {
			f.Add(fileFor(s), []byte(one.text))
		}
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		matches, err := signature.FindIn(name, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range matches {
			if m.Version == "" || len(m.Version) > 40 || !bytes.Contains(text, []byte(m.Version)) {
				t.Errorf("%s %q is not in the text", m.Name, m.Version)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := bytes.Repeat([]byte("the quick brown fox version jumps over %s lazy dogs: no such file\x00"), 1<<14)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if m, err := signature.FindIn("usr/bin/x", text); err != nil || len(m) > 0 {
			b.Fatal(m, err)
		}
	}
}

// BenchmarkFindReal reads this test's own program, or the one that
// BOLTSEAL_PROGRAM names.
func BenchmarkFindReal(b *testing.B) {
	name := os.Getenv("BOLTSEAL_PROGRAM")
	if name == "" {
		name = os.Args[0]
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Skip(err)
	}
	p, err := exe.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.Skip(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signature.Find(name, p); err != nil {
			b.Fatal(err)
		}
	}
}
