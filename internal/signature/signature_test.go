package signature_test

import (
	"bytes"
	"os"
	"path/filepath"
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

// TestSamples holds each file of data to its own examples.
func TestSamples(t *testing.T) {
	for _, s := range signature.All() {
		if len(s.Likes) == 0 {
			t.Errorf("%s: no example", s.Name)
		}
		for _, like := range s.Likes {
			// Wherever it stands, also across the ends of what is read in one go.
			for _, before := range []int{1, 128<<10 - 10, 128<<10 + 250, 128<<10 + 500, 3 * (128 << 10)} {
				text := strings.Repeat("\x00", before) + like.Text + "\x00"
				if got := found(t, fileFor(s), text, s.Name); got != like.Version {
					t.Errorf("%s: got %q in %q after %d bytes, want %q", s.Name, got, like.Text, before, like.Version)
				}
			}
			if s.Files != nil && found(t, "unrelated-name", "\x00"+like.Text+"\x00", s.Name) != "" {
				t.Errorf("%s: found under a name that is not its own", s.Name)
			}
		}
		for _, unlike := range s.Unlikes {
			if got := found(t, fileFor(s), "\x00"+unlike, s.Name); got != "" {
				t.Errorf("%s: got %q in %q, want nothing", s.Name, got, unlike)
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
		p, err := exe.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
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
		for _, like := range s.Likes {
			f.Add(fileFor(s), []byte(like.Text))
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
