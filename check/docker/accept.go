package docker

import (
	"slices"
	"sort"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/accept"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// remark is a comment that accepts findings, in the words of some tool
// (internal/accept): of the instruction directly below it, or of all the file.
type remark struct {
	text string
	says []accept.Acceptance
}

// question is which of the comments above an instruction, or of those about
// the whole file where it is nil, accept a check.
type question struct {
	in *dockerfile.Instr
	id string
}

// accepted marks the findings that a comment accepts.
func (m *Model) accepted(findings []boltseal.Finding, rules []Rule) {
	if !ruleset.MayAccept(m.File.Source) {
		return
	}
	file := m.fileWide()
	answers := map[question]*boltseal.Waiver{}
	ask := func(in *dockerfile.Instr, id string, remarks func() []remark) *boltseal.Waiver {
		q := question{in, id}
		answer, ok := answers[q]
		if !ok {
			answer = m.waiver(checkOf(id, rules), remarks())
			answers[q] = answer
		}
		return answer
	}
	for i := range findings {
		f := &findings[i]
		f.Waived = ask(nil, f.Check, func() []remark { return file })
		if in := m.at(f.Location.Span.Start); f.Waived == nil && in != nil && len(in.Above) > 0 {
			f.Waived = ask(in, f.Check, func() []remark { return above(in) })
		}
	}
}

func checkOf(id string, rules []Rule) *boltseal.Check {
	if i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id }); i >= 0 {
		return &rules[i].Check
	}
	return &boltseal.Check{ID: id}
}

func (m *Model) waiver(check *boltseal.Check, remarks []remark) *boltseal.Waiver {
	for _, r := range remarks {
		if ruleset.Covers(r.says, check) {
			return ruleset.Waiver(m.File.Name, r.text)
		}
	}
	return nil
}

// fileWide are the remarks that hold for all of the file.
func (m *Model) fileWide() []remark {
	var all []remark
	for _, d := range m.File.Directives {
		if d.Name == "check" {
			all = append(all, remark{"check=" + d.Value, accept.BuildKit(d.Value)})
		}
	}
	for _, n := range m.File.Nodes {
		if n.Kind == dockerfile.CommentLine {
			text := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(m.File.Text(n.Span)), "#"))
			all = append(all, remark{text, accept.Global(text)})
		}
	}
	return all
}

// above are the remarks directly above an instruction.
func above(in *dockerfile.Instr) []remark {
	var all []remark
	for _, c := range in.Above {
		all = append(all, remark{c.Text, accept.Parse(c.Text)})
	}
	return all
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
