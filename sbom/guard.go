package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
)

const (
	// maxDepth is how deep objects and arrays, or elements, may nest.
	maxDepth = 128
	// maxComponents is how many components a document may have. The largest
	// in the wild have some hundred thousand.
	maxComponents = 2_000_000
	// minContainer is the fewest bytes that objects and arrays of real
	// documents take on average. Below it, a small file could ask for a lot
	// of memory.
	minContainer = 12
)

var (
	errDepth = fmt.Errorf("nested deeper than %d", maxDepth)
	errDense = errors.New("too many empty objects")
	errMany  = fmt.Errorf("more than %d components", maxComponents)
)

// checkJSON returns an error unless data is one JSON value that may be
// decoded safely: not too long, no name twice in one object (two readers would see two
// documents), not nested without end, not made of empty objects.
func checkJSON(data []byte) error {
	if err := checkSize(data); err != nil {
		return err
	}
	g := guard{data: data}
	if err := g.check(); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	if !json.Valid(data) {
		var v any
		err := json.Unmarshal(data, &v) // tells where
		return fmt.Errorf("json: %w", err)
	}
	return nil
}

// guard walks over the tokens of a JSON text without decoding it.
type guard struct {
	data  []byte
	stack []guardFrame
	names [][]byte // of all open objects, innermost last
}

type guardFrame struct {
	object   bool
	wantName bool
	base     int // of its names
	seen     map[string]bool
}

// manyNames is from where on an object's names are looked up in a map.
const manyNames = 24

func (g *guard) check() error {
	containers := 0
	for i := 0; i < len(g.data); i++ {
		switch g.data[i] {
		case '{', '[':
			if len(g.stack) >= maxDepth {
				return errDepth
			}
			if containers++; containers > len(g.data)/minContainer+1<<12 {
				return errDense
			}
			object := g.data[i] == '{'
			g.stack = append(g.stack, guardFrame{object: object, wantName: object, base: len(g.names)})
		case '}', ']':
			if n := len(g.stack); n > 0 {
				g.names = g.names[:g.stack[n-1].base]
				g.stack = g.stack[:n-1]
			}
		case ',':
			if n := len(g.stack); n > 0 {
				g.stack[n-1].wantName = g.stack[n-1].object
			}
		case '"':
			end := stringEnd(g.data, i)
			if n := len(g.stack); n > 0 && g.stack[n-1].wantName {
				g.stack[n-1].wantName = false
				if err := g.name(&g.stack[n-1], g.data[i:end]); err != nil {
					return err
				}
			}
			i = end - 1
		}
	}
	return nil
}

// name remembers the quoted name and fails if its object has it already.
// Names are compared as encoding/json matches them to fields.
func (g *guard) name(f *guardFrame, quoted []byte) error {
	name := bytes.Trim(quoted, `"`)
	if bytes.IndexByte(name, '\\') >= 0 {
		var s string
		if json.Unmarshal(quoted, &s) == nil {
			name = []byte(s)
		}
	}
	if f.seen == nil {
		for _, other := range g.names[f.base:] {
			if len(other) == len(name) && bytes.EqualFold(other, name) || len(other) != len(name) && foldsAlike(other, name) {
				return fmt.Errorf("name %q stands twice in one object", name)
			}
		}
		g.names = append(g.names, name)
		if len(g.names)-f.base < manyNames {
			return nil
		}
		f.seen = make(map[string]bool)
		for _, other := range g.names[f.base:] {
			f.seen[folded(other)] = true
		}
		return nil
	}
	key := folded(name)
	if f.seen[key] {
		return fmt.Errorf("name %q stands twice in one object", name)
	}
	f.seen[key] = true
	return nil
}

// foldsAlike compares names of different lengths: only those that are not
// ASCII can still be alike ("K" and the Kelvin sign).
func foldsAlike(a, b []byte) bool {
	return (!ascii(a) || !ascii(b)) && bytes.EqualFold(a, b)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func folded(name []byte) string { return strings.ToLower(strings.ToUpper(string(name))) }

// stringEnd is the index behind the string that begins at i.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// members gives the names and values of a JSON object, in order. The text
// must be valid; of anything that is no object there are none.
func members(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		i := skipSpace(data, 0)
		if i >= len(data) || data[i] != '{' {
			return
		}
		for i = skipSpace(data, i+1); i < len(data) && data[i] == '"'; i = skipSpace(data, i+1) {
			end := stringEnd(data, i)
			var name string
			if json.Unmarshal(data[i:end], &name) != nil {
				return
			}
			start := skipSpace(data, skipSpace(data, end)+1) // over the colon
			if start >= len(data) {
				return
			}
			end = skipValue(data, start)
			if !yield(name, data[start:end]) {
				return
			}
			if i = skipSpace(data, end); i >= len(data) || data[i] != ',' {
				return
			}
		}
	}
}

// elements gives the values of a JSON array, in order. The text must be
// valid; of anything that is no array there are none.
func elements(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := skipSpace(data, 0)
		if i >= len(data) || data[i] != '[' {
			return
		}
		for i = skipSpace(data, i+1); i < len(data) && data[i] != ']'; i = skipSpace(data, i+1) {
			end := skipValue(data, i)
			if !yield(data[i:end]) {
				return
			}
			if i = skipSpace(data, end); i >= len(data) || data[i] != ',' {
				return
			}
		}
	}
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

// skipValue is the index behind the value that begins at i.
func skipValue(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			if i = stringEnd(data, i); depth == 0 {
				return i
			}
			continue
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(data)
}
