package inventory

import (
	"context"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

// readRequirements reads what pip would install from a requirements file, as
// far as it is pinned: a range says nothing about what is there.
func readRequirements(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	base := strings.ToLower(path.Base(in.Path))
	dev := strings.Contains(base, "dev") || strings.Contains(base, "test") || strings.Contains(base, "lint") || strings.Contains(base, "docs")
	var g graph
	compiled := false // pip-compile and uv say who asks for what
	var last *node
	listing := false // the names of who asks follow
	for line := range logicalLines(string(data)) {
		requirement, comment := requirementComment(line)
		if requirement != "" {
			last, listing = nil, false
			if name, version, vcs := pinned(requirement); name != "" {
				last = pythonLocked(&g, name, version, vcs)
			}
			if last != nil {
				last.Dev = dev
			}
		}
		via, begins := requiredBy(comment)
		if last != nil && (begins || listing) {
			compiled, listing = true, true
			viaNote(last, via)
		}
	}
	for _, n := range g.nodes {
		if !compiled {
			n.Direct = true
		}
		for _, by := range n.needs {
			if parent := g.byKey[by]; parent != nil && parent != n {
				parent.DependsOn = append(parent.DependsOn, n.PURL)
			}
		}
		n.needs = nil
	}
	return g.components(), nil
}

// logicalLines joins lines that end in a backslash.
func logicalLines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var b strings.Builder
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\r\n")
			if rest, ok := strings.CutSuffix(line, "\\"); ok && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				b.WriteString(rest)
				b.WriteByte(' ')
				continue
			}
			b.WriteString(line)
			if !yield(b.String()) {
				return
			}
			b.Reset()
		}
		if b.Len() > 0 {
			yield(b.String())
		}
	}
}

// requirementComment splits a line before a "#" that begins a word.
func requirementComment(line string) (requirement, comment string) {
	for at := 0; ; at++ {
		next := strings.IndexByte(line[at:], '#')
		if next < 0 {
			return strings.TrimSpace(line), ""
		}
		if at += next; at == 0 || line[at-1] == ' ' || line[at-1] == '\t' {
			return strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
		}
	}
}

// requiredBy reads pip-compile's comments: "via a, b", or "via" and one name
// in each comment that follows.
func requiredBy(comment string) (via string, begins bool) {
	if rest, ok := strings.CutPrefix(comment, "via"); ok && (rest == "" || rest[0] == ' ') {
		return rest, true
	}
	return comment, false
}

// viaNote keeps who asks for n, for the moment in place of what n needs.
func viaNote(n *node, via string) {
	for word := range strings.SplitSeq(via, ",") {
		word = strings.TrimSpace(word)
		if strings.HasPrefix(word, "-r ") || strings.HasSuffix(word, ".in") || strings.Contains(word, "(pyproject.toml)") {
			n.Direct = true
		} else if name, _ := pythonRequirement(word); name != "" {
			n.need(pythonNormal(name))
		}
	}
}

// pinned reads "name==version" and "name @ git+url@commit", each perhaps with
// extras, markers and options.
func pinned(requirement string) (name, version, vcs string) {
	if rest, ok := strings.CutPrefix(requirement, "-e "); ok {
		requirement = strings.TrimSpace(rest)
	}
	requirement, _, _ = strings.Cut(requirement, " --")
	if name, _ = pythonRequirement(requirement); name == "" {
		return "", "", ""
	}
	if _, url, ok := strings.Cut(requirement, "git+"); ok {
		url, _, _ = strings.Cut(url, ";")
		url, _, _ = strings.Cut(strings.TrimSpace(url), "#")
		slash := strings.LastIndexByte(url, '/')
		if at := strings.LastIndexByte(url, '@'); slash > 0 && at > slash {
			return name, "", vcsURL("git", url[:at], url[at+1:])
		}
		return "", "", ""
	}
	requirement, _, _ = strings.Cut(requirement, ";")
	rest := strings.TrimSpace(requirement[len(name):])
	if strings.HasPrefix(rest, "[") {
		_, rest, _ = strings.Cut(rest, "]")
		rest = strings.TrimSpace(rest)
	}
	if !strings.HasPrefix(rest, "==") || strings.Contains(rest, ",") {
		return "", "", ""
	}
	version = strings.TrimSpace(strings.TrimLeft(rest, "="))
	if version == "" || strings.ContainsAny(version, "*$<>!{ ") {
		return "", "", ""
	}
	return name, version, ""
}
