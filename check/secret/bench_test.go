package secret_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/check/secret"
)

// mixed is files as images hold them: sources, documents, settings and data,
// of this project.
func mixed(tb testing.TB) (files map[string][]byte, total int64) {
	tb.Helper()
	files = map[string][]byte{}
	for _, dir := range []string{"check/docker", "check/docker/testdata", "inventory", "inventory/testdata", "rule/testdata", "docs", "docs/checks", "docs/reference/cli", "source/layer", "sbom", "advisory", "report/testdata"} {
		found, _ := filepath.Glob(filepath.Join("../..", dir, "*"))
		for _, name := range found {
			data, err := os.ReadFile(name)
			if err == nil && len(data) > 0 {
				files["app/"+filepath.Base(dir)+"/"+filepath.Base(name)] = data
				total += int64(len(data))
			}
		}
	}
	if total < 1<<20 {
		tb.Skip("the project's files are not here")
	}
	return files, total
}

func BenchmarkStreamMixedFiles(b *testing.B) {
	files, total := mixed(b)
	b.SetBytes(total)
	found := 0
	for b.Loop() {
		for name, data := range files {
			s := secret.NewStream(name, int64(len(data)), func(_ string, m []secret.Match) { found += len(m) })
			if s == nil {
				continue
			}
			for len(data) > 0 {
				n := min(len(data), 32<<10)
				_, _ = s.Write(data[:n])
				data = data[n:]
			}
			_ = s.Close()
		}
	}
}

// Most files of an image are small, so what matters is what each one costs.
func BenchmarkSmallFiles(b *testing.B) {
	data := []byte("module.exports = function (a, b) { return a === b ? 0 : a < b ? -1 : 1; };\n")
	paths := []string{"app/node_modules/compare/index.js", "usr/lib/python3/dist-packages/compare/order.py", "srv/app/lib/compare.rb", "usr/share/doc/compare/README"}
	report := func(string, []secret.Match) {}
	for b.Loop() {
		for _, path := range paths {
			if s := secret.NewStream(path, int64(len(data)), report); s != nil {
				_, _ = s.Write(data)
				_ = s.Close()
			}
		}
	}
}

// Text that is nothing but beginnings must not cost much more than other text.
func BenchmarkHostile(b *testing.B) {
	for _, word := range []string{"eyJ-", "eyJ-eyJ-eyJ-.", "token=", "://a:b", "ops_eyJ/", "glpat-", "-----BEGIN PRIVATE KEY-----\\n", "sk-T3BlbkFJ", "password=a;server=b;"} {
		data := bytes.Repeat([]byte(word), 1<<20/len(word))
		b.Run(word, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				_ = secret.Scan("srv/a.yaml", data)
			}
		})
	}
}

func BenchmarkBinary(b *testing.B) {
	data := bytes.Repeat([]byte{0, 1, 2, 3, 127, 200, 7, 9}, 1<<17)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s := secret.NewStream("usr/bin/x", int64(len(data)), func(string, []secret.Match) {})
		_, _ = s.Write(data)
		_ = s.Close()
	}
}

func TestCleanBytesCostNoAllocation(t *testing.T) {
	clean := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog; pack my box with jugs.\n", 4000))
	report := func(_ string, m []secret.Match) { t.Errorf("got %v", m) }
	allocs := testing.AllocsPerRun(50, func() {
		s := secret.NewStream("srv/notes", int64(len(clean)), report)
		_, _ = s.Write(clean[:1000])
		_, _ = s.Write(clean[1000:])
		_ = s.Close()
	})
	if allocs > 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

// However the bytes come, the matches and their lines are the same.
func TestPiecesGiveTheSame(t *testing.T) {
	var all []byte
	filler := []byte(strings.Repeat("nothing to see here, move along\n", 700))
	for _, c := range cases(t) {
		if c.want != "-" && c.path == "srv/settings.yaml" {
			all = append(append(append(all, filler...), c.text...), '\n')
		}
	}
	want := secret.Scan("srv/settings.yaml", all[:min(len(all), len(all))])
	for _, size := range []int{1 << 10, 7919, 64 << 10} {
		var got []secret.Match
		s := secret.NewStream("srv/settings.yaml", int64(len(all)), func(_ string, m []secret.Match) { got = m })
		for rest := all; len(rest) > 0; {
			n := min(len(rest), size)
			_, _ = s.Write(rest[:n])
			rest = rest[n:]
		}
		_ = s.Close()
		if fmt.Sprint(len(got)) != fmt.Sprint(len(want)) {
			t.Errorf("pieces of %d: %d matches, want %d", size, len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			if got[i].Line != want[i].Line || got[i].Col != want[i].Col || got[i].Detector.ID != want[i].Detector.ID || got[i].Span != want[i].Span {
				t.Errorf("pieces of %d: got %s %d:%d, want %s %d:%d", size, got[i].Detector.ID, got[i].Line, got[i].Col, want[i].Detector.ID, want[i].Line, want[i].Col)
				break
			}
		}
	}
}

func TestUTF16(t *testing.T) {
	for _, c := range cases(t) {
		if c.want != "github-classic-token" || c.path != "srv/settings.yaml" {
			continue
		}
		le, be := []byte{0xff, 0xfe}, []byte{0xfe, 0xff}
		for _, b := range []byte(c.text) {
			le, be = append(le, b, 0), append(be, 0, b)
		}
		for _, data := range [][]byte{le, be} {
			if m := secret.Scan(c.path, data); len(m) != 1 {
				t.Errorf("got %d matches in UTF-16, want 1", len(m))
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(c.path, []byte(c.text))
	}
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		matches := secret.Scan(path, data)
		last := 0
		for i := range matches {
			m := &matches[i]
			if m.Span.Start < last || m.Span.End <= m.Span.Start || m.Line < 1 || m.Col < 1 {
				t.Fatalf("match %d of %q: %+v", i, data, m)
			}
			last = m.Span.End
		}
		var pieces []secret.Match
		s := secret.NewStream(path, int64(len(data)), func(_ string, m []secret.Match) { pieces = m })
		if s == nil {
			return
		}
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 1+len(rest)/3)
			_, _ = s.Write(rest[:n])
			rest = rest[n:]
		}
		_ = s.Close()
		if len(pieces) != len(matches) {
			t.Fatalf("%d matches in pieces, %d at once, of %q", len(pieces), len(matches), data)
		}
	})
}
