package report

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

// Difference is what changed from one report to another: what a change
// brings in, and what it mends.
type Difference struct {
	From       Side               `json:"from"`
	To         Side               `json:"to"`
	Components *sbom.Difference   `json:"components"`
	New        []NewFinding       `json:"new"`   // only the later report has them
	Fixed      []boltseal.Finding `json:"fixed"` // only the earlier one had them
	Still      int                `json:"still"` // findings that both have
	Notes      []string           `json:"notes,omitempty"`
}

// NewFinding is a finding that only the later report has.
type NewFinding struct {
	boltseal.Finding
	// Published is set where the same component was there before: it did not
	// come with the change, only the knowledge about it did.
	Published bool `json:"published,omitempty"`
}

// Side is one of the reports.
type Side struct {
	Artifact string          `json:"artifact"`
	Digest   boltseal.Digest `json:"digest,omitempty"`
	Size     int64           `json:"size,omitempty"` // bytes as stored
	Findings int             `json:"findings"`       // that are not waived
	Gaps     int             `json:"gaps"`
	Snapshot string          `json:"snapshot,omitempty"`
}

// Empty tells whether nothing changed.
func (d *Difference) Empty() bool {
	return d.Components.Empty() && len(d.New)+len(d.Fixed) == 0
}

// Compare compares two reports. A finding is the same in both when its key
// is, whatever the artifacts are called. Waived findings count as not there.
func Compare(from, to *boltseal.Report) *Difference {
	d := &Difference{
		From: sideOf(from), To: sideOf(to), New: []NewFinding{}, Fixed: []boltseal.Finding{},
		Components: sbom.Diff(sbom.FromReport(from), sbom.FromReport(to)),
	}
	before, after := byKey(from), byKey(to)
	had := map[string]bool{}
	for i := range from.Components {
		had[from.Components[i].PURL] = true
	}
	for key, f := range after {
		if _, ok := before[key]; ok {
			d.Still++
			continue
		}
		d.New = append(d.New, NewFinding{Finding: f, Published: f.Component != nil && had[f.Component.PURL]})
	}
	for key, f := range before {
		if _, ok := after[key]; !ok {
			d.Fixed = append(d.Fixed, f)
		}
	}
	slices.SortFunc(d.New, func(a, b NewFinding) int { return a.Compare(b.Finding) })
	slices.SortFunc(d.Fixed, boltseal.Finding.Compare)
	d.note()
	return d
}

// note says what makes the two reports hard to compare.
func (d *Difference) note() {
	if d.From.Snapshot != d.To.Snapshot {
		d.Notes = append(d.Notes, "the reports were made with different advisory data: some of what is new was only published since")
	}
	if d.From.Gaps != d.To.Gaps {
		d.Notes = append(d.Notes, "the reports differ in what could not be looked at: what is missing from one may be there")
	}
}

func sideOf(r *boltseal.Report) Side {
	s := Side{Artifact: r.Artifact.Name, Digest: r.Artifact.Digest, Size: r.Artifact.Size, Gaps: len(r.Gaps)}
	for _, layer := range r.Artifact.Layers {
		if r.Artifact.Size == 0 {
			s.Size += layer.Size
		}
	}
	for i := range r.Findings {
		if counts(&r.Findings[i]) {
			s.Findings++
		}
	}
	if r.Snapshot != nil {
		s.Snapshot = r.Snapshot.ID
	}
	return s
}

// counts leaves out what is waived, and what is about the waivers.
func counts(f *boltseal.Finding) bool {
	return f.Waived == nil && !strings.HasPrefix(f.Check, "policy/")
}

// byKey keys the findings as if both artifacts had one name.
func byKey(r *boltseal.Report) map[string]boltseal.Finding {
	out := map[string]boltseal.Finding{}
	for i := range r.Findings {
		if !counts(&r.Findings[i]) {
			continue
		}
		out[r.Findings[i].BaselineKey()] = r.Findings[i]
	}
	return out
}
