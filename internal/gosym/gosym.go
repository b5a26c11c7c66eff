// Package gosym lists the functions that the Go linker left in a program. It
// reads the table by which the runtime prints stack traces, which stripping
// does not take away and which names inlined functions too. What the linker
// found nobody to call is not in it.
//
// Start with [Functions]. It trusts nothing that the table says of sizes.
package gosym

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/boltseal/boltseal/internal/exe"
)

// Errors of [Functions].
var (
	ErrNone   = errors.New("no table of functions")
	ErrFormat = errors.New("damaged table of functions")
)

// sections are what linkers call the table's place.
var sections = []string{".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab"}

const (
	maxNames = 128 << 20 // bytes of all names; the largest known programs have 15 MB
	maxName  = 64 << 10  // bytes of one name; those of generic functions are long
)

// magics of the table's versions, newest first (internal/abi, symtab.go), and
// how many words stand between the counts and the offset of the names.
var magics = map[uint32]int{
	0xfffffff1: 1, // Go 1.20
	0xfffffff0: 1, // Go 1.18
	0xfffffffa: 0, // Go 1.16
}

// Functions calls yield with the name of each function, "import/path.Name" or
// "import/path.(*Type).Method", in the linker's spelling.
func Functions(p *exe.Program, yield func(name []byte)) error {
	table, err := p.Section(sections...)
	if err != nil {
		return err
	}
	if table == nil {
		return ErrNone
	}
	names, err := nameTable(table)
	if err != nil {
		return err
	}
	return split(names, yield)
}

// nameTable finds where the names are. All offsets are from the start of the
// table, and the names end where the table of compilation units begins.
func nameTable(r *io.SectionReader) (*io.SectionReader, error) {
	head := make([]byte, 8+8*8)
	n, err := r.ReadAt(head, 0)
	if n < len(head) {
		if err == nil || errors.Is(err, io.EOF) {
			err = ErrFormat
		}
		return nil, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	skip, ok := magics[order.Uint32(head)]
	if !ok {
		order = binary.BigEndian
		if skip, ok = magics[order.Uint32(head)]; !ok {
			return nil, fmt.Errorf("%w: of a version that is not known", ErrFormat)
		}
	}
	word := func(i int) int64 { return int64(order.Uint64(head[8+8*i:])) }
	switch head[7] {
	case 8:
	case 4:
		word = func(i int) int64 { return int64(order.Uint32(head[8+4*i:])) }
	default:
		return nil, fmt.Errorf("%w: pointers of %d bytes", ErrFormat, head[7])
	}
	from, to := word(2+skip), word(3+skip)
	if from < 0 || to < from || to > r.Size() || to-from > maxNames {
		return nil, fmt.Errorf("%w: names from %d to %d", ErrFormat, from, to)
	}
	return io.NewSectionReader(r, from, to-from), nil
}

// split reads names that zero bytes end.
func split(r io.Reader, yield func(name []byte)) error {
	buf := make([]byte, 2*maxName)
	n := 0
	for {
		got, err := r.Read(buf[n:])
		n += got
		rest := buf[:n]
		for {
			end := bytes.IndexByte(rest, 0)
			if end < 0 {
				break
			}
			if end > 0 {
				yield(rest[:end])
			}
			rest = rest[end+1:]
		}
		switch n = copy(buf, rest); {
		case n > maxName:
			return fmt.Errorf("%w: a name of more than %d bytes", ErrFormat, maxName)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Package is the import path of the package that a function is of, and the
// function's name in it as advisories write it: "Type.Method" or "Function".
// The rest - closures, instances of generic functions - is of that function.
func Package(name string) (path, function string) {
	if bracket := strings.IndexByte(name, '['); bracket >= 0 {
		name = name[:bracket]
	}
	name = strings.TrimPrefix(name, "type:.eq.")
	slash := strings.LastIndexByte(name, '/')
	dot := strings.IndexByte(name[slash+1:], '.')
	if dot < 0 {
		return "", ""
	}
	path, function = name[:slash+1+dot], name[slash+2+dot:]
	function = strings.NewReplacer("(*", "", ")", "").Replace(strings.TrimSuffix(function, "-fm"))
	first, rest, more := strings.Cut(function, ".")
	if more {
		method, _, _ := strings.Cut(rest, ".")
		function = first + "." + method
	}
	return unescape(path), function
}

// unescape undoes what the compiler does to dots in the last element of an
// import path: gopkg.in/yaml%2ev3 (cmd/internal/objabi, PathToPrefix).
func unescape(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	return strings.NewReplacer("%2e", ".", "%22", `"`, "%25", "%").Replace(path)
}
