package scan

import (
	"bytes"
	"context"
	"errors"

	"github.com/boltseal/boltseal"
)

// Set is source files that are checked together, and again with other content
// in some of them: what a fix does to one file may be about another.
type Set struct {
	o     Options
	l     *linter
	files []candidate
	parts []linted
	at    map[string]int // places in files and parts, by name
	tried map[int]trial
	open  []closer
}

// trial is what came of a file with content that is not on the disk.
type trial struct {
	content []byte
	part    linted
}

// OpenSet reads the files that Lint would check. Close it.
func OpenSet(ctx context.Context, paths []string, opts *Options) (*Set, error) {
	s := &Set{o: withDefaults(opts), at: map[string]int{}, tried: map[int]trial{}}
	found, open, err := discover(ctx, paths, &s.o)
	s.open = open
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.l = &linter{o: &s.o, charts: found.charts, keeps: true}
	s.files = found.files
	if s.parts, err = s.l.all(ctx, s.files); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for i, f := range s.files {
		s.at[f.name] = i
	}
	return s, nil
}

// Close lets go of the folders that are open.
func (s *Set) Close() error {
	var errs []error
	for _, c := range s.open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Content is what was read of a file; false if there is no such file.
func (s *Set) Content(name string) ([]byte, bool) {
	i, ok := s.at[name]
	if !ok || s.parts[i].content == nil {
		return nil, false
	}
	return s.parts[i].content, true
}

// Check is what Lint would find if the files had other content, with what
// the policy waives. Findings of every severity are there. What cannot be read
// is a finding of a check file/syntax, which Lint does not have.
func (s *Set) Check(ctx context.Context, changed map[string][]byte) ([]boltseal.Finding, error) {
	parts := append([]linted(nil), s.parts...)
	for name, content := range changed {
		i, ok := s.at[name]
		if !ok {
			continue
		}
		if t, ok := s.tried[i]; !ok || !bytes.Equal(t.content, content) {
			s.tried[i] = trial{content, s.l.content(s.files[i], content)}
		}
		parts[i] = s.tried[i].part
	}
	together := s.l.join(parts)
	said, err := s.l.shellCheck(ctx, together.scripts)
	if err != nil {
		return nil, err
	}
	report := &boltseal.Report{Findings: append(together.findings, said...)}
	for i, p := range parts[:len(s.files)] {
		for _, f := range malformed(p.gaps) {
			f.Location.File = s.files[i].name
			report.Findings = append(report.Findings, f)
		}
	}
	everything := *s.o.Policy
	everything.Severities, everything.OnlyFixed, everything.IgnoreUnusedWaivers = nil, false, true
	everything.Judge(report, s.o.Now())
	return report.Findings, ctx.Err()
}
