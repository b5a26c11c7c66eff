package rule

import "strings"

// lower is s with ASCII letters in lower case, as the C locale has it.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lowerByte(b[j])
			}
			return string(b)
		}
	}
	return s
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// containsFold is strings.Contains for a needle in lower case.
func containsFold(s, needle string) bool {
	if needle == "" {
		return true
	}
	for i := 0; i+len(needle) <= len(s); i++ {
		if lowerByte(s[i]) != needle[0] {
			continue
		}
		j := 1
		for j < len(needle) && lowerByte(s[i+j]) == needle[j] {
			j++
		}
		if j == len(needle) {
			return true
		}
	}
	return false
}

// glob is fnmatch(3) without flags, so that * matches slashes too. It goes
// back to the last * only: its time is at most the product of the lengths.
func glob(pattern, s string, fold bool) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		if p < len(pattern) {
			if pattern[p] == '*' {
				star, mark = p, i
				p++
				continue
			}
			if n, ok := globOne(pattern[p:], s[i], fold); ok {
				p += n
				i++
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		p, i = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// globOne matches one byte with the head of a pattern and says how long that
// head is.
func globOne(pattern string, c byte, fold bool) (n int, ok bool) {
	if fold {
		c = lowerByte(c)
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		if n, ok, closed := globClass(pattern, c, fold); closed {
			return n, ok
		}
	case '\\':
		if len(pattern) > 1 {
			return 2, foldIf(pattern[1], fold) == c
		}
	}
	return 1, foldIf(pattern[0], fold) == c
}

func foldIf(c byte, fold bool) byte {
	if fold {
		return lowerByte(c)
	}
	return c
}

// globClass matches a bracket expression. One that is not closed is a bracket.
func globClass(pattern string, c byte, fold bool) (n int, ok, closed bool) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, ok != negated, true
		}
		if strings.HasPrefix(pattern[i:], "[:") {
			if end := strings.Index(pattern[i:], ":]"); end > 0 {
				ok = ok || inClass(pattern[i+2:i+end], c)
				i += end + 2
				continue
			}
		}
		from, size := classByte(pattern[i:])
		i += size
		to := from
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			to, size = classByte(pattern[i+1:])
			i += 1 + size
		}
		ok = ok || foldIf(from, fold) <= c && c <= foldIf(to, fold)
	}
	return 0, false, false
}

func classByte(s string) (byte, int) {
	if s[0] == '\\' && len(s) > 1 {
		return s[1], 2
	}
	return s[0], 1
}

func inClass(name string, c byte) bool {
	digit := c >= '0' && c <= '9'
	small := c >= 'a' && c <= 'z'
	big := c >= 'A' && c <= 'Z'
	switch name {
	case "digit":
		return digit
	case "lower":
		return small
	case "upper":
		return big
	case "alpha":
		return small || big
	case "alnum":
		return small || big || digit
	case "xdigit":
		return digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "punct":
		return c > ' ' && c < 0x7f && !(small || big || digit)
	}
	return false
}

// pathTree holds paths by their components, which may be patterns.
type pathTree struct {
	end   bool
	below map[string]*pathTree
	globs []globPath
}

type globPath struct {
	pattern string
	tree    *pathTree
}

func newPathTree(paths []string) *pathTree {
	root := &pathTree{}
	for _, path := range paths {
		t := root
		for component, rest := nextComponent(path); component != ""; component, rest = nextComponent(rest) {
			t = t.child(component)
		}
		t.end = true
	}
	return root
}

func (t *pathTree) child(component string) *pathTree {
	if strings.ContainsAny(component, "*?[") {
		for _, g := range t.globs {
			if g.pattern == component {
				return g.tree
			}
		}
		t.globs = append(t.globs, globPath{component, &pathTree{}})
		return t.globs[len(t.globs)-1].tree
	}
	if t.below == nil {
		t.below = map[string]*pathTree{}
	}
	if t.below[component] == nil {
		t.below[component] = &pathTree{}
	}
	return t.below[component]
}

// match says whether one of the paths is path or above it.
func (t *pathTree) match(path string) bool {
	if t.end {
		return true
	}
	component, rest := nextComponent(path)
	if component == "" {
		return false
	}
	if next := t.below[component]; next != nil && next.match(rest) {
		return true
	}
	for _, g := range t.globs {
		if glob(g.pattern, component, false) && g.tree.match(rest) {
			return true
		}
	}
	return false
}

// nextComponent cuts the first component off a path. The root is one.
func nextComponent(path string) (component, rest string) {
	if path == "" {
		return "", ""
	}
	end := strings.IndexByte(path, '/')
	switch {
	case end < 0:
		return path, ""
	case end == 0:
		return "/", strings.TrimLeft(path, "/")
	}
	return path[:end], strings.TrimLeft(path[end:], "/")
}
