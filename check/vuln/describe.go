package vuln

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// describer makes findings of matches.
type describer struct {
	opts     *Options
	snapshot *boltseal.Snapshot
	subject  boltseal.Subject
	layers   map[boltseal.Digest]boltseal.Layer
	based    bool                          // it is known which layers are the base image's
	words    map[string]*boltseal.Advisory // by id, of every advisory and vulnerability that is spoken of
}

// describe makes one finding of each match. Texts are read once for each
// advisory, however many components it speaks of.
func describe(ctx context.Context, matches []match, opts *Options) ([]boltseal.Finding, error) {
	d := &describer{opts: opts, snapshot: opts.DB.Snapshot(), layers: map[boltseal.Digest]boltseal.Layer{}}
	if a := opts.Artifact; a != nil {
		d.subject = boltseal.Subject{Name: a.Name, Digest: a.Digest}
		if a.Platform != nil {
			d.subject.Platform = a.Platform.String()
		}
		for _, l := range a.Layers {
			d.layers[l.DiffID] = l
			d.based = d.based || l.FromBase
		}
	}
	if err := d.read(ctx, matches); err != nil {
		return nil, err
	}
	findings := make([]boltseal.Finding, len(matches))
	var wg sync.WaitGroup
	for _, part := range split(len(matches), opts.Jobs) {
		wg.Go(func() {
			for i := part.from; i < part.to; i++ {
				findings[i] = d.finding(&matches[i])
			}
		})
	}
	wg.Wait()
	upgradeAll(matches, findings)
	return findings, nil
}

// read fetches the words about everything that the matches name. Sorted ids
// lie beside each other in the database, so each block is inflated once.
func (d *describer) read(ctx context.Context, matches []match) error {
	seen := map[string]bool{}
	var ids []string
	want := func(id string) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for i := range matches {
		want(matches[i].vuln)
		for j := range matches[i].hits {
			want(matches[i].hits[j].record.ID)
		}
	}
	slices.Sort(ids)
	read := make([]*boltseal.Advisory, len(ids))
	parts := split(len(ids), d.opts.Jobs)
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for n, part := range parts {
		wg.Go(func() {
			for i := part.from; i < part.to && errs[n] == nil; i++ {
				read[i], errs[n] = d.advisory(ctx, ids[i])
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	d.words = make(map[string]*boltseal.Advisory, len(ids))
	for i, id := range ids {
		d.words[id] = read[i]
	}
	return nil
}

func (d *describer) advisory(ctx context.Context, id string) (*boltseal.Advisory, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := d.opts.DB.Advisory(id)
	if errors.Is(err, advisory.ErrNotFound) {
		return &boltseal.Advisory{ID: id}, nil // a name that others use and nobody describes
	}
	return a, err
}

func (d *describer) finding(m *match) boltseal.Finding {
	// What a component is linked to and made of is told once, in the report's
	// list of components, and not again with each finding.
	c := *m.component
	c.DependsOn, c.Hashes, c.Linked = nil, nil, nil
	a := d.merge(m)
	f := boltseal.Finding{
		Subject: d.subject, Component: &c, Advisory: a,
		FixedIn: fixedIn(m), Evidence: d.evidence(m),
	}
	f.Status = statusOf(m, len(f.FixedIn) > 0)
	check := checkOf(a.Kind)
	f.Check, f.Title = check.ID, check.Title
	f.Message = message(a, &c)
	f.Rating = rate(m, a, d.words)
	if f.Rating != nil {
		f.Severity = f.Rating.Severity
	}
	f.Reach = reach(m)
	if e, ok := reachEvidence(m, f.Reach); ok {
		f.Evidence = append(f.Evidence, e)
	}
	d.place(&f, &c)
	f.Fixes = fixes(&f)
	f.Score, f.Reasons = priority(&f)
	f.Seal()
	return f
}

func checkOf(k boltseal.AdvisoryFor) boltseal.Check {
	switch k {
	case boltseal.Malware:
		return malware
	case boltseal.Informational:
		return unmaintained
	}
	return known
}

func message(a *boltseal.Advisory, c *boltseal.Component) string {
	name := strings.TrimSpace(c.Name + " " + c.Version)
	switch a.Kind {
	case boltseal.Malware:
		return fmt.Sprintf("%s is malware: %s", name, a.ID)
	case boltseal.Informational:
		return fmt.Sprintf("%s carries a notice: %s", name, a.ID)
	}
	return fmt.Sprintf("%s has %s", name, a.ID)
}

// merge makes one advisory of all that speak of the vulnerability here: its
// own name, everybody's names for it, and the words of whoever describes it.
func (d *describer) merge(m *match) *boltseal.Advisory {
	whole := d.words[m.vuln]
	first := d.words[m.hits[0].record.ID]
	out := *whole
	out.ID, out.Affected, out.Related, out.Upstream = m.vuln, nil, nil, nil
	if isErratum(whole.Feed) {
		out.Summary, out.Details, out.References, out.CWEs, out.Published = "", "", nil, nil, time.Time{}
	}
	out.Feed, out.Kind = first.Feed, m.hits[0].record.Kind
	names := slices.Clone(whole.Aliases)
	for i := range m.hits {
		h := &m.hits[i]
		a := d.words[h.record.ID]
		names = append(names, a.ID)
		if len(h.record.Vulns) == 1 {
			names = append(names, a.Aliases...)
		}
		if h.record.Kind == boltseal.Malware {
			out.Kind = boltseal.Malware
		}
		out.Summary = cmp.Or(out.Summary, a.Summary)
		if len(out.References) == 0 {
			out.References = a.References
		}
		if out.Published.IsZero() {
			out.Published = a.Published
		}
		if m.speaksForEach(h) {
			out.Details = cmp.Or(out.Details, a.Details)
			if len(out.CWEs) == 0 {
				out.CWEs = a.CWEs
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	out.Aliases = slices.DeleteFunc(names, func(id string) bool { return id == m.vuln || id == "" })
	return &out
}

// isErratum tells the words of a distribution's advisory: "Important: pcs
// security update" is about a package of its own, and describes no
// vulnerability to anybody else.
func isErratum(feed string) bool {
	name := strings.TrimPrefix(feed, "osv/")
	for _, f := range families {
		if f.osv == name {
			return true
		}
	}
	return false
}

// speaksForEach tells whether what an advisory says, it says of each of its
// vulnerabilities. Errata of distributions gather whatever was mended at once;
// elsewhere several CVEs of one advisory are one flaw.
func (m *match) speaksForEach(h *hit) bool {
	return m.system == nil || len(h.record.Vulns) == 1
}

// place says where the component is, which step of the image put it there,
// and whose step that was.
func (d *describer) place(f *boltseal.Finding, c *boltseal.Component) {
	if len(c.Locations) == 0 {
		return
	}
	f.Location = c.Locations[0]
	if len(c.Locations) > 1 {
		f.Locations = c.Locations
	}
	layer, ok := d.layers[f.Location.Layer]
	if !ok || f.Location.Layer == "" {
		return
	}
	f.CreatedBy = layer.CreatedBy
	switch {
	case layer.FromBase:
		f.Origin = boltseal.OriginBase
	case d.based:
		f.Origin = boltseal.OriginOwn
	}
}

// evidence says which advisory's word it is and what it was compared with.
func (d *describer) evidence(m *match) []boltseal.Evidence {
	var digest boltseal.Digest
	if d.snapshot != nil {
		digest, _ = boltseal.ParseDigest(d.snapshot.ID)
	}
	out := make([]boltseal.Evidence, 0, len(m.hits)+1)
	for i := range m.hits {
		h := &m.hits[i]
		out = append(out, boltseal.Evidence{
			Kind: boltseal.EvidenceSnapshot, Digest: digest,
			Statement: fmt.Sprintf("%s: %s %s is affected %s; %s is here", h.record.ID, h.record.Affected.Ecosystem, h.record.Affected.Name,
				rangesOf(h), cmp.Or(h.query.version, "an unknown version")),
		})
	}
	switch c := m.component; c.Basis {
	case boltseal.Declared:
		out = append(out, boltseal.Evidence{Kind: boltseal.EvidenceFile, Statement: "declared" + inFile(c) + ", not seen installed"})
	case boltseal.Matched:
		out = append(out, boltseal.Evidence{Kind: boltseal.EvidenceFile, Statement: "recognised by the content" + ofFile(c)})
	case boltseal.Installed, boltseal.Embedded:
	}
	return out
}

func inFile(c *boltseal.Component) string {
	if len(c.Locations) == 0 || c.Locations[0].File == "" {
		return ""
	}
	return " in " + c.Locations[0].File
}

func ofFile(c *boltseal.Component) string {
	return strings.Replace(inFile(c), " in ", " of ", 1)
}

// rangesOf writes the range that the version lies in as a person would.
func rangesOf(h *hit) string {
	for _, r := range h.record.Affected.Ranges {
		one := boltseal.Affected{Ranges: []boltseal.Range{r}}
		if !h.query.scheme.Affected(h.query.version, &one) {
			continue
		}
		var parts []string
		if r.Introduced != "" && r.Introduced != "0" && r.Introduced != "0.0.0-0" {
			parts = append(parts, "from "+r.Introduced)
		}
		switch {
		case r.Fixed != "":
			parts = append(parts, "before "+r.Fixed)
		case r.LastAffected != "":
			parts = append(parts, "up to "+r.LastAffected)
		}
		return cmp.Or(strings.Join(parts, " "), "in every version")
	}
	return "in " + cmp.Or(h.query.version, "every version")
}
