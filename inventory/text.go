package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"

	"github.com/boltseal/boltseal/internal/limit"
)

// Text files are read whole and become trees several times their size. The
// largest lock files known are a few megabytes.
const (
	maxText = 32 << 20
	maxYAML = 16 << 20 // a YAML node is some twenty times its text
)

var utf8Mark = []byte("\xef\xbb\xbf")

// text reads the file whole, without a byte order mark.
func (in *Input) text() ([]byte, error) { return in.readText(in.File, in.Path, maxText) }

// textBeside reads another file of the tree. Its error is fs.ErrNotExist when
// there is none.
func (in *Input) textBeside(name string) ([]byte, error) {
	f, err := in.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return in.readText(f, name, maxText)
}

func (in *Input) readText(r io.Reader, name string, max int64) ([]byte, error) {
	if most := in.Limits.JSONBytes; most > 0 {
		max = min(max, most)
	}
	var data bytes.Buffer
	if r == in.File {
		data.Grow(int(min(in.Size, max)) + bytes.MinRead)
	}
	over := &limit.Error{What: "text file", Max: max, Unit: "bytes", Flag: "--max-json-bytes"}
	if _, err := data.ReadFrom(limit.Reader(r, max, over)); err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Base(name), err)
	}
	return bytes.TrimPrefix(data.Bytes(), utf8Mark), nil
}

// json decodes the file into v. What v does not name is not looked at.
func (in *Input) json(v any) error {
	data, err := in.text()
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// yaml decodes the file into v.
func (in *Input) yaml(v any) error {
	data, err := in.readText(in.File, in.Path, maxYAML)
	if err != nil {
		return err
	}
	return unmarshalYAML(data, v)
}

// toml decodes the file into v.
func (in *Input) toml(v any) error {
	data, err := in.text()
	if err != nil {
		return err
	}
	return unmarshalTOML(data, v)
}

// unmarshalTOML decodes data, unless it nests so deep that the library's
// recursion could exhaust the stack, which nothing can recover from.
func unmarshalTOML(data []byte, v any) error {
	if tomlDepth(data) > maxTOMLDepth {
		return fmt.Errorf("toml: nested deeper than %d", maxTOMLDepth)
	}
	return toml.Unmarshal(data, v)
}

const maxTOMLDepth = 256

// tomlDepth is the deepest that brackets and dotted keys nest, roughly:
// strings and comments are skipped, nothing else is understood.
func tomlDepth(data []byte) int {
	deepest, brackets, dots := 0, 0, 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '"', '\'':
			i = tomlString(data, i)
		case '#':
			if end := bytes.IndexByte(data[i:], '\n'); end >= 0 {
				i += end - 1
			} else {
				i = len(data)
			}
		case '[', '{':
			brackets++
		case ']', '}':
			brackets = max(0, brackets-1)
		case '.':
			dots++
		case '\n', ',', '=':
			dots = 0
		}
		deepest = max(deepest, brackets+dots)
	}
	return deepest
}

// tomlString is where the string that begins at i ends.
func tomlString(data []byte, i int) int {
	quote := data[i : i+1]
	if triple := bytes.Repeat(quote, 3); bytes.HasPrefix(data[i:], triple) {
		if end := bytes.Index(data[i+3:], triple); end >= 0 {
			return i + 3 + end + 2
		}
		return len(data)
	}
	for j := i + 1; j < len(data) && data[j] != '\n'; j++ {
		switch {
		case data[j] == '\\' && quote[0] == '"':
			j++
		case data[j] == quote[0]:
			return j
		}
	}
	return i // it does not end on its line: no string, and an error anyway
}

// unmarshalYAML decodes the first document of data. An empty one leaves v as
// it is.
func unmarshalYAML(data []byte, v any) error {
	err := nextYAML(yaml.NewDecoder(bytes.NewReader(data)), v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

var errYAMLAlias = errors.New("yaml: an alias, which no lock file has")

// nextYAML decodes one document. Aliases are refused: they make a document
// many times larger than it is.
func nextYAML(d *yaml.Decoder, v any) error {
	var document yaml.Node
	if err := d.Decode(&document); err != nil {
		return err
	}
	nodes := []*yaml.Node{&document}
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		if nodes = append(nodes[:len(nodes)-1], n.Content...); n.Kind == yaml.AliasNode {
			return errYAMLAlias
		}
	}
	return document.Decode(v)
}

// yamlMap is a YAML mapping of names. The library compares each key of a Go
// map with every other.
type yamlMap[V any] map[string]V

// UnmarshalYAML decodes each value. Something that is no mapping is empty.
func (m *yamlMap[V]) UnmarshalYAML(n *yaml.Node) error {
	*m = yamlMap[V]{}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		var v V
		if err := n.Content[i+1].Decode(&v); err != nil {
			return err
		}
		(*m)[n.Content[i].Value] = v
	}
	return nil
}

// exists says whether the tree has an entry of that name.
func (in *Input) exists(name string) bool {
	_, err := fs.Stat(in.FS, name)
	return err == nil
}

// beside is the path of a name in the file's own folder.
func (in *Input) beside(name string) string { return path.Join(path.Dir(in.Path), name) }

// loose is a JSON or YAML string that some writers write as a number or leave
// out. Anything else counts as left out.
type loose string

// UnmarshalJSON takes strings and numbers.
func (l *loose) UnmarshalJSON(data []byte) error {
	*l = ""
	switch {
	case len(data) == 0:
	case data[0] == '"':
		*l = loose(strings.TrimSpace(jsonText(data)))
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		*l = loose(data)
	}
	return nil
}

// UnmarshalYAML takes every scalar as it is written.
func (l *loose) UnmarshalYAML(n *yaml.Node) error {
	*l = ""
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		*l = loose(strings.TrimSpace(n.Value))
	}
	return nil
}

// looseMap is a JSON object from names to strings. Values of other kinds are
// empty, and something that is no object at all is an empty map: manifests
// are written by hand, and tools look away.
type looseMap map[string]string

// UnmarshalJSON never fails on well-formed JSON.
func (m *looseMap) UnmarshalJSON(data []byte) error {
	m.read(data)
	return nil
}

func (m *looseMap) read(data []byte) {
	*m = nil
	if len(data) == 0 || data[0] != '{' {
		return
	}
	all := looseMap{}
	err := jsonMembers(data, func(name string, value json.RawMessage) {
		var l loose
		if l.UnmarshalJSON(value) == nil {
			all[name] = string(l)
		}
	})
	if err == nil && len(all) > 0 {
		*m = all
	}
}

// sortedKeys are the keys of a map in order, so that the same file gives the
// same components in the same order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// What a workspace may name.
const (
	maxFolders      = 4096
	maxPatterns     = 256
	maxPatternDepth = 16
)

// expand lists the folders that workspace patterns such as "packages/*" name
// below dir. A "**" counts as one folder; patterns that begin with "!" and
// those that lead out of dir name nothing.
func (in *Input) expand(dir string, patterns []string) []string {
	var all []string
	for _, pattern := range patterns[:min(len(patterns), maxPatterns)] {
		pattern = path.Clean(strings.TrimPrefix(pattern, "./"))
		if strings.HasPrefix(pattern, "!") || !fs.ValidPath(pattern) || strings.Count(pattern, "/") > maxPatternDepth {
			continue
		}
		folders := []string{dir}
		for segment := range strings.SplitSeq(pattern, "/") {
			folders = in.descend(folders, segment)
		}
		all = append(all, folders...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (in *Input) descend(folders []string, segment string) []string {
	var next []string
	for _, folder := range folders {
		if !strings.ContainsAny(segment, "*?[{") {
			next = append(next, path.Join(folder, segment))
			continue
		}
		entries, err := fs.ReadDir(in.FS, folder)
		if err != nil {
			continue // a pattern may name folders that are not there
		}
		for _, e := range entries {
			if match, err := path.Match(strings.ReplaceAll(segment, "**", "*"), e.Name()); err == nil && match &&
				e.IsDir() && e.Name() != "node_modules" && len(next) < maxFolders {
				next = append(next, path.Join(folder, e.Name()))
			}
		}
	}
	return next
}

// withoutPassword takes a user's name and password or token out of a URL. A
// user without a password ("git@") is part of the address.
func withoutPassword(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if at < 0 || !strings.Contains(authority[:at], ":") && scheme != "https" && scheme != "git+https" {
		return url
	}
	return scheme + "://" + rest[at+1:]
}

// base is the file's name without its folders.
func (in *Input) base() string { return path.Base(in.Path) }
