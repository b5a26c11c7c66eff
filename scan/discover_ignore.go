package scan

import (
	"path"
	"slices"
	"strings"
)

// ignoreFile is one .gitignore, as gitignore(5) has it.
type ignoreFile struct {
	base     string // the folder it speaks of, relative to the walk's root; "" is the root
	above    string // the root's path relative to the file's folder, when that lies above the root
	patterns []ignorePattern
}

type ignorePattern struct {
	segments []string
	negated  bool
	dirOnly  bool
	anchored bool // against the file's folder; otherwise against the last name alone
}

// maxIgnoreLines bounds one .gitignore.
const maxIgnoreLines = 10_000

func parseIgnore(base, above string, content []byte) *ignoreFile {
	f := &ignoreFile{base: base, above: above}
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		if p, ok := parsePattern(strings.TrimRight(line, "\r\n")); ok && len(f.patterns) < maxIgnoreLines {
			f.patterns = append(f.patterns, p)
		}
	}
	return f
}

func parsePattern(line string) (ignorePattern, bool) {
	var p ignorePattern
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	if line == "" || line[0] == '#' {
		return p, false
	}
	if line[0] == '!' {
		p.negated, line = true, line[1:]
	}
	if rest, ok := strings.CutSuffix(line, "/"); ok {
		p.dirOnly, line = true, rest
	}
	p.anchored = strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return p, false
	}
	p.segments = strings.Split(line, "/")
	return p, true
}

// ignored tells whether the innermost pattern that matches a path below the
// walk's root keeps it out. The files are outermost first.
func ignored(files []*ignoreFile, name string, dir bool) bool {
	for _, f := range slices.Backward(files) {
		rel := name
		if f.base != "" {
			rel = strings.TrimPrefix(name, f.base+"/")
		}
		if f.above != "" {
			rel = f.above + "/" + rel
		}
		for j := len(f.patterns) - 1; j >= 0; j-- {
			if p := &f.patterns[j]; p.matches(rel, dir) {
				return !p.negated
			}
		}
	}
	return false
}

func (p *ignorePattern) matches(rel string, dir bool) bool {
	if p.dirOnly && !dir {
		return false
	}
	if !p.anchored {
		return matchSegment(p.segments[0], path.Base(rel))
	}
	return matchPath(p.segments, strings.Split(rel, "/"))
}

// matchPath matches segment by segment; "**" stands for any number of them,
// at the end for at least one.
func matchPath(pattern, names []string) bool {
	pi, ni := 0, 0
	star, mark := -1, 0
	for ni < len(names) {
		switch {
		case pi < len(pattern) && pattern[pi] == "**":
			if pi == len(pattern)-1 {
				return true
			}
			star, mark = pi, ni
			pi++
		case pi < len(pattern) && matchSegment(pattern[pi], names[ni]):
			pi++
			ni++
		case star >= 0:
			mark++
			pi, ni = star+1, mark
		default:
			return false
		}
	}
	return pi == len(pattern)
}

// matchSegment matches one name against a pattern with *, ?, classes and
// escapes.
func matchSegment(pattern, name string) bool {
	pi, ni := 0, 0
	star, mark := -1, 0
	for ni < len(name) || pi < len(pattern) {
		if pi < len(pattern) {
			if pattern[pi] == '*' {
				star, mark = pi, ni
				pi++
				continue
			}
			if ni < len(name) {
				if n, ok := matchByte(pattern[pi:], name[ni]); ok {
					pi += n
					ni++
					continue
				}
			}
		}
		if star < 0 || mark >= len(name) {
			return false
		}
		mark++
		pi, ni = star+1, mark
	}
	return true
}

// matchByte matches one byte against the beginning of a pattern, and returns
// how much of the pattern that took.
func matchByte(pattern string, c byte) (int, bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '\\':
		if len(pattern) < 2 {
			return 1, false
		}
		return 2, pattern[1] == c
	case '[':
		return matchClass(pattern, c)
	}
	return 1, pattern[0] == c
}

var posixClasses = map[string]func(byte) bool{
	"alpha": func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' },
	"digit": func(c byte) bool { return c >= '0' && c <= '9' },
	"alnum": func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' },
	"upper": func(c byte) bool { return c >= 'A' && c <= 'Z' },
	"lower": func(c byte) bool { return c >= 'a' && c <= 'z' },
	"space": func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' },
	"punct": func(c byte) bool { return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c) >= 0 },
	"xdigit": func(c byte) bool {
		return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
	},
}

// matchClass matches a bracket expression. One that is never closed matches
// nothing.
func matchClass(pattern string, c byte) (int, bool) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	found := false
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, found != negated
		}
		if rest, ok := strings.CutPrefix(pattern[i:], "[:"); ok {
			if name, _, ok := strings.Cut(rest, ":]"); ok {
				if class := posixClasses[name]; class != nil && class(c) {
					found = true
				}
				i += len(name) + 4
				continue
			}
		}
		low, n := classByte(pattern[i:])
		i += n
		high := low
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			high, n = classByte(pattern[i+1:])
			i += 1 + n
		}
		found = found || low <= c && c <= high
	}
	return len(pattern), false
}

func classByte(s string) (byte, int) {
	if s[0] == '\\' && len(s) > 1 {
		return s[1], 2
	}
	return s[0], 1
}
