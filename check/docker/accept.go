package docker

import (
	"slices"
	"sort"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Comments in a file that accept a finding, in the words of other tools too:
//
//	# boltseal ignore=docker/root-user,docker/no-tag    directly above the instruction
//	# hadolint ignore=DL3008                            directly above
//	# check=skip=JSONArgsRecommended                    directive of the file, or directly above
//	#trivy:ignore:DS-0001                               directly above
//	# kics-scan ignore-line                             directly above
//	# checkov:skip=CKV_DOCKER_2:reason                  anywhere, for the whole file
//	# hadolint global ignore=DL3008                     anywhere, for the whole file

// acceptance is what a comment accepts: the names of checks in one tool's
// words, or everything.
type acceptance struct {
	tool  string
	names []string
	all   bool
}

// accepted leaves out the findings that a comment accepts.
func (m *Model) accepted(findings []boltseal.Finding, rules []Rule) []boltseal.Finding {
	file := m.fileWide()
	if len(file) == 0 && !slices.ContainsFunc(m.File.Instrs, func(in *dockerfile.Instr) bool { return len(in.Above) > 0 }) {
		return findings
	}
	aliases := func(id string) []string {
		if i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id }); i >= 0 {
			return rules[i].Aliases
		}
		return nil
	}
	answers := map[question]bool{}
	covered := func(in *dockerfile.Instr, id string, comments func() []acceptance) bool {
		q := question{in, id}
		answer, ok := answers[q]
		if !ok {
			answer = slices.ContainsFunc(comments(), func(a acceptance) bool { return a.covers(id, aliases(id)) })
			answers[q] = answer
		}
		return answer
	}
	return slices.DeleteFunc(findings, func(f boltseal.Finding) bool {
		if len(file) > 0 && covered(nil, f.Check, func() []acceptance { return file }) {
			return true
		}
		in := m.at(f.Location.Span.Start)
		if in == nil || len(in.Above) == 0 {
			return false
		}
		return covered(in, f.Check, func() []acceptance {
			var here []acceptance
			for _, c := range in.Above {
				here = append(here, local(c.Text)...)
			}
			return here
		})
	})
}

// question is whether the comments above an instruction, or those of the
// whole file where it is nil, accept a check.
type question struct {
	in *dockerfile.Instr
	id string
}

func (a acceptance) covers(id string, aliases []string) bool {
	if a.all {
		return true
	}
	for _, name := range a.names {
		if a.tool == "boltseal" && (name == id || name == strings.TrimPrefix(id, "docker/")) {
			return true
		}
		for _, alias := range aliases {
			if tool, other, _ := strings.Cut(alias, ":"); tool == a.tool && strings.EqualFold(other, bareAlias(name)) {
				return true
			}
		}
	}
	return false
}

// bareAlias is a check's name without the prefix that older versions of
// trivy write: "AVD-DS-0001" is "DS-0001".
func bareAlias(name string) string {
	if len(name) > 4 && strings.EqualFold(name[:4], "AVD-") {
		return name[4:]
	}
	return name
}

// fileWide are the acceptances that hold for all of the file.
func (m *Model) fileWide() []acceptance {
	var all []acceptance
	for _, d := range m.File.Directives {
		if d.Name == "check" {
			all = append(all, buildkit(d.Value)...)
		}
	}
	for _, n := range m.File.Nodes {
		if n.Kind != dockerfile.CommentLine {
			continue
		}
		text := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(m.File.Text(n.Span)), "#"))
		if rest, ok := strings.CutPrefix(text, "checkov:skip="); ok {
			name, _, _ := strings.Cut(rest, ":")
			all = append(all, acceptance{tool: "checkov", names: []string{strings.TrimSpace(name)}})
		}
		if rest, ok := strings.CutPrefix(text, "hadolint global ignore="); ok {
			all = append(all, acceptance{tool: "hadolint", names: names(rest)})
		}
	}
	return all
}

// local are the acceptances of a comment above an instruction.
func local(text string) []acceptance {
	for prefix, tool := range map[string]string{
		"boltseal ignore=": "boltseal", "hadolint ignore=": "hadolint", "trivy:ignore:": "trivy",
	} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return []acceptance{{tool: tool, names: names(rest)}}
		}
	}
	if rest, ok := strings.CutPrefix(text, "check="); ok {
		return buildkit(rest)
	}
	if strings.HasPrefix(text, "kics-scan ignore-line") {
		return []acceptance{{all: true}}
	}
	return nil
}

// buildkit reads "skip=A,B;error=true".
func buildkit(value string) []acceptance {
	for field := range strings.SplitSeq(value, ";") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(field), "skip="); ok {
			return []acceptance{{tool: "buildkit", names: names(rest), all: strings.TrimSpace(rest) == "all"}}
		}
	}
	return nil
}

// names reads a list of check names; a sentence may follow behind a space.
func names(list string) []string {
	list, _, _ = strings.Cut(strings.ReplaceAll(list, ", ", ","), " ")
	return strings.Split(list, ",")
}

// at is the instruction that an offset lies in.
func (m *Model) at(offset int) *dockerfile.Instr {
	instrs := m.File.Instrs
	i := sort.Search(len(instrs), func(i int) bool { return instrs[i].Span.End >= offset })
	if i < len(instrs) && offset >= instrs[i].Span.Start {
		return instrs[i]
	}
	return nil
}
