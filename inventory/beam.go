package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "beam",
	Title: "Elixir and Erlang (Hex)",
	Readers: []Reader{
		{Name: "beam/mix-lock", Files: []string{"**/mix.lock"}, Read: readMixLock},
		{Name: "beam/rebar-lock", Files: []string{"**/rebar.lock"}, Read: readRebarLock},
	},
})

func hexPURL(name, version, vcs string) string {
	p := boltseal.PURL{Type: "hex", Name: strings.ToLower(name), Version: version}
	if vcs != "" {
		p.Qualifiers = map[string]string{"vcs_url": vcs}
	}
	return p.String()
}

func hexName(name string) bool {
	return name != "" && len(name) <= 200 && !strings.ContainsAny(name, " \t\r\n/@#?%\"")
}

// readMixLock reads mix.lock: a map from names to {:hex, package, version,
// checksum, managers, dependencies, repository, outer checksum} or {:git,
// address, commit, options}.
func readMixLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	terms, err := in.beamTerms()
	if err != nil {
		return nil, err
	}
	if len(terms) != 1 || terms[0].kind != '%' {
		return nil, errors.New("mix.lock is not one map")
	}
	var g graph
	entries := terms[0].list
	for i := 0; i+1 < len(entries); i += 2 {
		name, lock := entries[i].text, entries[i+1].list
		if len(lock) < 3 || !hexName(name) {
			continue
		}
		switch lock[0].text {
		case "hex":
			n := g.add(name, boltseal.Component{PURL: hexPURL(lock[1].text, lock[2].text, ""), Name: lock[1].text, Version: lock[2].text})
			if digest, err := boltseal.ParseDigest("sha256:" + lock[len(lock)-1].text); err == nil && len(lock) > 7 {
				n.Hashes = []boltseal.Digest{digest}
			}
			if len(lock) > 5 {
				for _, needed := range lock[5].list {
					if len(needed.list) > 0 {
						n.need(needed.list[0].text)
					}
				}
			}
		case "git":
			g.add(name, boltseal.Component{PURL: hexPURL(name, "", vcsURL("git", lock[1].text, lock[2].text)), Name: name})
		}
	}
	return validHex(g.components()), nil
}

// readRebarLock reads rebar.lock: {Version, [{Name, {pkg, Package, Version},
// Level}]} or, of older releases, the list alone. Level 0 is what the project
// itself asks for.
func readRebarLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	terms, err := in.beamTerms()
	if err != nil {
		return nil, err
	}
	if len(terms) == 0 {
		return nil, nil
	}
	list := terms[0].list
	if terms[0].kind == '{' && len(list) == 2 {
		list = list[1].list
	}
	var all []boltseal.Component
	for _, entry := range list {
		if len(entry.list) != 3 || len(entry.list[1].list) < 3 {
			continue
		}
		name, from, direct := entry.list[0].text, entry.list[1].list, entry.list[2].text == "0"
		if !hexName(name) {
			continue
		}
		switch from[0].text {
		case "pkg":
			all = append(all, boltseal.Component{
				PURL: hexPURL(from[1].text, from[2].text, ""), Name: from[1].text, Version: from[2].text, Direct: direct,
			})
		case "git":
			commit := ""
			if ref := from[2].list; len(ref) == 2 {
				commit = ref[1].text
			}
			all = append(all, boltseal.Component{PURL: hexPURL(name, "", vcsURL("git", from[1].text, commit)), Name: name, Direct: direct})
		}
	}
	return validHex(all), nil
}

func validHex(all []boltseal.Component) []boltseal.Component {
	kept := all[:0]
	for _, c := range all {
		if hexName(c.Name) {
			kept = append(kept, c)
		}
	}
	return kept
}

// beamTerm is a term in the notation of Erlang or Elixir. Atoms, strings and
// numbers are text; kind is '{', '[' or '%' of tuples, lists and maps, whose
// keys and values take turns.
type beamTerm struct {
	kind byte
	text string
	list []beamTerm
}

const maxBeamDepth = 64

func (in *Input) beamTerms() ([]beamTerm, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	p := beamParser{rest: string(data)}
	var terms []beamTerm
	for {
		p.space()
		if p.rest == "" {
			return terms, nil
		}
		t, err := p.term(0)
		if err != nil {
			return nil, fmt.Errorf("byte %d: %w", len(data)-len(p.rest), err)
		}
		terms = append(terms, t)
	}
}

type beamParser struct{ rest string }

var errBeam = errors.New("not a term of Erlang or Elixir")

// space skips what stands between terms: white space, comments, commas, and
// the dot that ends a term of Erlang's.
func (p *beamParser) space() {
	for p.rest != "" {
		switch c := p.rest[0]; {
		case strings.IndexByte(" \t\r\n,.", c) >= 0:
			p.rest = p.rest[1:]
		case c == '#', c == '%' && !strings.HasPrefix(p.rest, "%{"):
			_, p.rest, _ = strings.Cut(p.rest, "\n")
		default:
			return
		}
	}
}

func (p *beamParser) term(depth int) (beamTerm, error) {
	if depth > maxBeamDepth || p.rest == "" {
		return beamTerm{}, errBeam
	}
	switch c := p.rest[0]; {
	case strings.HasPrefix(p.rest, "%{"):
		p.rest = p.rest[2:]
		return p.sequence('%', '}', depth)
	case c == '{':
		p.rest = p.rest[1:]
		return p.sequence('{', '}', depth)
	case c == '[':
		p.rest = p.rest[1:]
		return p.sequence('[', ']', depth)
	case strings.HasPrefix(p.rest, "<<"):
		p.rest = p.rest[2:]
		t, err := p.term(depth + 1)
		var ok bool
		if p.rest, ok = strings.CutPrefix(p.rest, ">>"); !ok || err != nil {
			return t, errBeam
		}
		return t, nil
	case c == ':' && len(p.rest) > 1:
		p.rest = p.rest[1:]
		return p.term(depth + 1)
	case c == '"' || c == '\'':
		word, rest, ok := strings.Cut(p.rest[1:], p.rest[:1])
		if p.rest = rest; !ok {
			return beamTerm{}, errBeam
		}
		p.arrow()
		return beamTerm{text: word}, nil
	}
	end := 0
	for end < len(p.rest) && strings.IndexByte(" \t\r\n,.{}[]<>\"':#%", p.rest[end]) < 0 {
		end++
	}
	if end == 0 {
		return beamTerm{}, errBeam
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	p.arrow()
	return beamTerm{text: word}, nil
}

// arrow skips what ends a key: "name:" or "name =>".
func (p *beamParser) arrow() {
	if rest, ok := strings.CutPrefix(p.rest, ":"); ok {
		p.rest = rest
	} else if rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), "=>"); ok {
		p.rest = rest
	}
}

func (p *beamParser) sequence(kind, end byte, depth int) (beamTerm, error) {
	t := beamTerm{kind: kind}
	for {
		p.space()
		if p.rest == "" {
			return t, errBeam
		}
		if p.rest[0] == end {
			p.rest = p.rest[1:]
			return t, nil
		}
		inner, err := p.term(depth + 1)
		if err != nil {
			return t, err
		}
		t.list = append(t.list, inner)
	}
}
