package docker

import (
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/base-arg-undeclared", Title: "FROM uses an argument that is not declared", Severity: boltseal.High,
		Aliases: []string{"buildkit:UndefinedArgInFrom"},
		Doc: `FROM sees only the arguments that are declared before the first FROM. Any other name expands to nothing, so the build ends with a name
that is none, or takes another image than was meant. Declare it with ARG on top of the file.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			for _, name := range bareUses(s.Stage.Image.Text, p.File.Escape) {
				if _, ok := p.Global.Get(name); ok || slices.Contains(predefined, name) {
					continue
				}
				message := "no ARG before the first FROM declares " + name
				if like := similar(name, p.Global.names()); like != "" {
					message += "; did you mean " + like + "?"
				}
				p.Report(s.Stage.Image.Span, message)
			}
		}
	},
})

// bareUses lists, in order and each once, the variables that a text expands
// without a default of their own.
func bareUses(s string, escape byte) []string {
	found := uses(s, escape)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		at := found[name]
		if strings.HasPrefix(s[at:], "${") {
			rest := s[at+2+len(name):]
			if rest != "" && rest[0] != '}' {
				continue
			}
		}
		out = append(out, name)
	}
	return out
}

// similar is the one of the names that a typing mistake or two turn into
// name; empty when there is none.
func similar(name string, names []string) string {
	best, found := 3, ""
	for _, other := range names {
		if d := distance(strings.ToUpper(name), strings.ToUpper(other)); d < best && 2*d < len(name) && other != name {
			best, found = d, other
		}
	}
	return found
}

// distance counts the letters to add, drop or change between two words; long
// words are far from everything.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 || len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
