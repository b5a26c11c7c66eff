package remedy

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// ApplyAll fixes files that are checked together, as Apply does one: what is
// wrong with a file may be what another one lacks. check tells what is found
// when some files have other content than read gives. The result has the files
// that a fix was tried on, by name; each is written or none.
func ApplyAll(read func(name string) ([]byte, bool), check func(changed map[string][]byte) ([]boltseal.Finding, error), opts *Options) (map[string]*Done, []boltseal.Gap, error) {
	s := &set{read: read, check: check, fileOf: func(f boltseal.Finding) string { return f.Location.File }}
	err := s.run(opts)
	for name, d := range s.done {
		if len(d.Fixed) == 0 {
			delete(s.done, name)
		}
	}
	return s.done, s.gaps, err
}

// set is files at work. Files of which nothing was tried are not in done.
type set struct {
	read   func(name string) ([]byte, bool)
	check  func(changed map[string][]byte) ([]boltseal.Finding, error)
	fileOf func(boltseal.Finding) string
	done   map[string]*Done
	left   map[string][]boltseal.Finding // of the last check, by file
	gaps   []boltseal.Gap
}

// mostTries bounds how often a set is checked for single files and fixes that
// did not hold.
const mostTries = 500

func (s *set) run(opts *Options) error {
	var o Options
	if opts != nil {
		o = *opts
	}
	r := &resolving{ask: o.Resolve, known: map[string]boltseal.Digest{}, failed: map[string]error{}}
	defer func() { s.gaps = r.gaps() }()
	s.done = map[string]*Done{}
	findings, err := s.check(nil)
	if err != nil {
		return err
	}
	s.settle(s.byFile(findings))
	tries := 0
	for range rounds {
		plans := s.plans(&o, r)
		if len(plans) == 0 {
			return nil
		}
		failed, err := s.together(plans)
		if err != nil {
			return err
		}
		for _, name := range failed {
			if tries >= mostTries {
				return nil
			}
			n, err := s.alone(name, plans[name])
			if tries += n; err != nil {
				return err
			}
		}
	}
	return nil
}

// plans are the next steps of every file that has some.
func (s *set) plans(o *Options, r *resolving) map[string][]step {
	out := map[string][]step{}
	for name, left := range s.left {
		if !slices.ContainsFunc(left, func(f boltseal.Finding) bool { return len(f.Fixes) > 0 }) {
			continue
		}
		d := s.done[name]
		if d == nil {
			content, ok := s.read(name)
			if !ok {
				continue
			}
			d = &Done{Content: content, Left: left, harm: map[string]bool{}}
			s.done[name] = d
		}
		plan := slices.DeleteFunc(o.plan(d, r), func(st step) bool { return s.elsewhere(st) })
		if len(plan) > 0 && !d.stuck {
			out[name] = plan
		}
	}
	return out
}

// elsewhere tells whether a step would edit another file than the one that its
// finding is in.
func (s *set) elsewhere(st step) bool {
	name := s.fileOf(st.finding)
	return name != "" && slices.ContainsFunc(st.edits, func(e boltseal.Edit) bool { return e.File != "" && e.File != name })
}

// together tries the steps of all files at once, and a second time without
// the files that were not better for it. It returns those that are left.
func (s *set) together(plans map[string][]step) (failed []string, err error) {
	names := slices.Sorted(maps.Keys(plans))
	good, err := s.try(names, plans)
	if err != nil || len(good) == len(names) {
		return nil, err
	}
	if len(good) > 0 {
		kept, err := s.try(good, plans)
		if err != nil {
			return nil, err
		}
		if len(kept) < len(good) {
			good = nil
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(good, name) }), nil
}

// alone tries a file's steps, all of them and then one by one, and tells how
// often it checked.
func (s *set) alone(name string, plan []step) (tries int, err error) {
	for n := -1; n < min(len(plan), singles); n++ {
		some := plan
		if n >= 0 {
			some = plan[n : n+1]
		} else if len(plan) == 1 {
			continue
		}
		good, err := s.try([]string{name}, map[string][]step{name: some})
		tries++
		if err != nil || len(good) > 0 {
			return tries, err
		}
		if len(some) == 1 {
			s.done[name].harm[some[0].finding.Key+some[0].title] = true
		}
	}
	s.done[name].stuck = len(plan) > singles
	return tries, nil
}

// try carries out the steps of some files. When every one of them is better
// for it, and no other file came to harm, that is kept. It returns the files
// that were better.
func (s *set) try(names []string, plans map[string][]step) (good []string, err error) {
	changed := map[string][]byte{}
	for name, d := range s.done {
		if len(d.Fixed) > 0 {
			changed[name] = d.Content
		}
	}
	next := map[string][]byte{}
	for _, name := range names {
		var edits []boltseal.Edit
		for _, step := range plans[name] {
			edits = append(edits, step.edits...)
		}
		if data := Edit(s.done[name].Content, edits); !bytes.Equal(data, s.done[name].Content) {
			next[name], changed[name] = data, data
		}
	}
	if len(next) == 0 {
		return nil, nil
	}
	findings, err := s.check(changed)
	if err != nil {
		return nil, fmt.Errorf("check what was fixed: %w", err)
	}
	after := s.byFile(findings)
	for _, name := range names {
		if next[name] != nil && better(s.left[name], after[name]) {
			good = append(good, name)
		}
	}
	if len(good) < len(names) || s.harmed(names, after) {
		if len(good) == len(names) {
			good = nil
		}
		return good, nil
	}
	for _, name := range names {
		s.done[name].Content = next[name]
		for _, step := range plans[name] {
			s.done[name].Fixed = append(s.done[name].Fixed, step.finding)
		}
	}
	s.settle(after)
	return good, nil
}

// harmed tells whether a file that was not touched has a mistake in its form
// that was not there.
func (s *set) harmed(touched []string, after map[string][]boltseal.Finding) bool {
	broken := func(all []boltseal.Finding) (n int) {
		for _, f := range all {
			if strings.HasSuffix(f.Check, "/syntax") {
				n++
			}
		}
		return n
	}
	for name, all := range after {
		if !slices.Contains(touched, name) && broken(all) > broken(s.left[name]) {
			return true
		}
	}
	return false
}

func (s *set) byFile(findings []boltseal.Finding) map[string][]boltseal.Finding {
	out := map[string][]boltseal.Finding{}
	for _, f := range findings {
		out[s.fileOf(f)] = append(out[s.fileOf(f)], f)
	}
	return out
}

// settle takes what was found as what is left.
func (s *set) settle(left map[string][]boltseal.Finding) {
	s.left = left
	for name, d := range s.done {
		d.Left = left[name]
	}
}
