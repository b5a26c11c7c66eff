package gosym_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/gosym"
)

// TestFunctions reads this test's own program, which is a real one.
func TestFunctions(t *testing.T) {
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Skip(err)
	}
	p, err := exe.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Skip(err)
	}
	found := map[string]bool{}
	if err := gosym.Functions(p, func(name []byte) {
		path, function := gosym.Package(string(name))
		found[path+"."+function] = true
	}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"os.ReadFile":   true,
		"os.File.Read":  true,
		"testing.T.Run": true,
		"github.com/boltseal/boltseal/internal/gosym.Functions": true,
		"net/http.Get":      false,
		"os.RemoveAllNever": false,
	} {
		if found[name] != want {
			t.Errorf("%s: got %t, want %t, of %d functions", name, found[name], want, len(found))
		}
	}
}

func TestPackage(t *testing.T) {
	for name, want := range map[string][2]string{
		"golang.org/x/net/html.(*Tokenizer).Next": {"golang.org/x/net/html", "Tokenizer.Next"},
		"gopkg.in/yaml%2ev3.Unmarshal":            {"gopkg.in/yaml.v3", "Unmarshal"},
		"main.main.func1.2":                       {"main", "main.func1"},
		"slices.SortFunc[go.shape.[]a.b/c,go.d]":  {"slices", "SortFunc"},
		"net/http.(*Client).Do-fm":                {"net/http", "Client.Do"},
		"go:buildid":                              {"", ""},
		"":                                        {"", ""},
	} {
		if path, function := gosym.Package(name); path != want[0] || function != want[1] {
			t.Errorf("%s: got %q %q, want %q", name, path, function, want)
		}
	}
}

// program is an ELF file with that table of functions.
func program(table []byte) []byte {
	names := "\x00.shstrtab\x00.gopclntab\x00"
	b := make([]byte, 64, 512+len(table))
	copy(b, "\x7fELF\x02\x01\x01")
	put := func(at int, v uint64, n int) {
		for i := range n {
			b[at+i] = byte(v >> (8 * i))
		}
	}
	tableAt := len(b)
	b = append(b, table...)
	namesAt := len(b)
	b = append(b, names...)
	put(40, uint64(len(b)), 8)
	put(58, 64, 2)
	put(60, 2, 2)
	for i, s := range [][3]int{{1, namesAt, len(names)}, {11, tableAt, len(table)}} {
		b = append(b, make([]byte, 64)...)
		h := len(b) - 64
		put(h, uint64(s[0]), 4)
		put(h+24, uint64(s[1]), 8)
		put(h+32, uint64(s[2]), 8)
		_ = i
	}
	return b
}

func FuzzFunctions(f *testing.F) {
	head := make([]byte, 72)
	copy(head, "\xf1\xff\xff\xff\x00\x00\x01\x08")
	head[8+3*8], head[8+4*8] = 72, 84
	f.Add(append(head, "main.main\x00a\x00"...))
	f.Add([]byte("\xff\xff\xff\xfa\x00\x00\x01\x04\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, table []byte) {
		data := program(table)
		p, err := exe.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		_ = gosym.Functions(p, func(name []byte) {
			n += len(name)
			gosym.Package(string(name))
		})
		if n > len(table) {
			t.Errorf("%d bytes of names in %d", n, len(table))
		}
	})
}
