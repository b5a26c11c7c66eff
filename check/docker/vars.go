package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// predefined are the build arguments that need no ARG of their own to have a
// value in FROM, and that only the build knows.
var predefined = []string{
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
	"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
}

// Vars are variables with the values that are known. They never change:
// assigning makes others that share what is the same.
type Vars struct {
	env, args shelf[Var]
}

// maxValue bounds the values that are followed: a variable that is set to
// itself twice over doubles with every line.
const maxValue = 1 << 10

// Get is a variable; ENV wins over ARG.
func (v Vars) Get(name string) (Var, bool) {
	if found, ok := v.env.Get(name); ok {
		return found, true
	}
	return v.args.Get(name)
}

// names lists the variables in order; nil when there are more than people
// mistype one of.
func (v Vars) names() []string {
	var out []string
	for _, part := range []shelf[Var]{v.env, v.args} {
		for name := range part.all() {
			if out = append(out, name); len(out) > maxNames {
				return nil
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// maxNames bounds the names among which a mistyped one is looked for.
const maxNames = 256

// onlyEnv is what a stage hands on to one that builds on it.
func (v Vars) onlyEnv() Vars { return Vars{env: v.env} }

// assign is what holds behind an ARG or ENV. An ARG without a value has that
// of the global scope, or is known only to the build.
func (v Vars) assign(in *dockerfile.Instr, escape byte, global *Vars) Vars {
	before := v // all values of one ENV are expanded with the variables before it
	for _, p := range in.Pairs {
		name := dockerfile.Unquote(p.Key.Text, escape)
		next := Var{Env: in.Name == "ENV"}
		switch {
		case p.Set:
			value := p.Value.Text
			if !p.Legacy {
				value = dockerfile.Unquote(value, escape)
			}
			if next.Value, next.Known = before.Expand(value, escape); len(next.Value) > maxValue {
				next = Var{Env: next.Env}
			}
		case global != nil:
			if g, ok := global.Get(name); ok {
				next.Value, next.Known = g.Value, g.Known
			}
		}
		if next.Env {
			v.env = v.env.with(name, next)
		} else {
			v.args = v.args.with(name, next)
		}
	}
	return v
}

// maxExpanded bounds what expanding adds to a text, and maxBraced the text
// between braces, whose defaults may nest.
const (
	maxExpanded = 1 << 16
	maxBraced   = 1 << 10
)

// Expand replaces $name, ${name}, ${name:-word} and ${name:+word} by what is
// known, and tells whether all of it was. What is not known stays as it is.
func (v Vars) Expand(s string, escape byte) (string, bool) {
	if strings.IndexByte(s, '$') < 0 {
		return s, true
	}
	var b strings.Builder
	known := true
	for i := 0; i < len(s); i++ {
		if b.Len() > maxExpanded+len(s) {
			return s, false
		}
		switch {
		case s[i] == escape && i+1 < len(s) && s[i+1] == '$':
			i++
			b.WriteByte('$')
		case s[i] != '$':
			b.WriteByte(s[i])
		default:
			value, n, ok := v.expandOne(s[i:], escape)
			b.WriteString(value)
			known = known && ok
			i += n - 1
		}
	}
	return b.String(), known
}

// expandOne expands the variable at the start of s, and counts its bytes.
func (v Vars) expandOne(s string, escape byte) (value string, n int, known bool) {
	if len(s) > 1 && s[1] == '{' {
		end := closing(s)
		if end < 0 {
			return s, len(s), false
		}
		if end > maxBraced {
			return s[:end+1], end + 1, false
		}
		return v.braced(s[:end+1], s[2:end], escape)
	}
	n = 1
	for n < len(s) && isNameByte(s[n], n == 1) {
		n++
	}
	if n == 1 {
		return "$", 1, true
	}
	if got, ok := v.Get(s[1:n]); ok && got.Known {
		return got.Value, n, true
	}
	return s[:n], n, false
}

func (v Vars) braced(whole, inner string, escape byte) (string, int, bool) {
	at := 0
	for at < len(inner) && isNameByte(inner[at], at == 0) {
		at++
	}
	name, op := inner[:at], inner[at:]
	got, set := v.Get(name)
	switch {
	case op == "":
		if set && got.Known {
			return got.Value, len(whole), true
		}
	case strings.HasPrefix(op, ":-"), strings.HasPrefix(op, "-"):
		if set && !got.Known {
			break
		}
		if set && (got.Value != "" || op[0] == '-') {
			return got.Value, len(whole), true
		}
		value, known := v.Expand(op[strings.IndexByte(op, '-')+1:], escape)
		return value, len(whole), known
	case strings.HasPrefix(op, ":+"), strings.HasPrefix(op, "+"):
		if set && !got.Known {
			break
		}
		if set && (got.Value != "" || op[0] == '+') {
			value, known := v.Expand(op[strings.IndexByte(op, '+')+1:], escape)
			return value, len(whole), known
		}
		return "", len(whole), true
	}
	return whole, len(whole), false
}

// closing is the index of the brace that ends the "${" at the start of s.
func closing(s string) int {
	depth := 0
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

// uses lists the names of the variables that s expands, with their offsets.
func uses(s string, escape byte) map[string]int {
	out := map[string]int{}
	for i := 0; i < len(s); i++ {
		if s[i] == escape {
			i++
			continue
		}
		if s[i] != '$' || i+1 >= len(s) {
			continue
		}
		start := i + 1
		if s[start] == '{' {
			start++
		}
		end := start
		for end < len(s) && isNameByte(s[end], end == start) {
			end++
		}
		if end > start {
			if _, ok := out[s[start:end]]; !ok {
				out[s[start:end]] = i
			}
		}
	}
	return out
}
