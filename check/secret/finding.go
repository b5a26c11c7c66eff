package secret

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

// Check gives the findings of one file that its user wrote, such as a
// Dockerfile or a manifest. Name is the path as the user would write it.
func Check(name string, content []byte) []boltseal.Finding {
	var findings []boltseal.Finding
	for _, m := range Scan(name, content) {
		f := m.Finding(name)
		f.Subject.Name = name
		findings = append(findings, f)
	}
	Seal(findings)
	return findings
}

// Finding is the match as a finding at a place in a file. Its key is not set.
func (m *Match) Finding(file string) boltseal.Finding {
	f := boltseal.Finding{
		Check: m.Detector.ID, Title: m.Detector.Title, Severity: m.Severity,
		Message:  m.Detector.Title,
		Location: boltseal.Location{File: file, Span: m.Span, Line: m.Line, Col: m.Col},
	}
	if m.Shown != "" {
		f.Message += " (" + m.Shown + "****)"
	}
	if m.Why != "" {
		f.Message += "; " + m.Why
	}
	if m.More {
		f.Message += "; there may be more in the file, which are not listed"
	}
	if m.Verified {
		f.Evidence = append(f.Evidence, boltseal.Evidence{Kind: boltseal.EvidenceFile, Statement: "verified: " + m.Detector.Proof})
	}
	return f
}

// Seal sets the keys of findings that were made by this package. Of several
// credentials of one kind in one file each has a key of its own, which says
// nothing of the value: they are numbered.
func Seal(findings []boltseal.Finding) {
	type place struct{ check, file string }
	seen := map[place]int{}
	for i := range findings {
		f := &findings[i]
		at := place{f.Check, f.Location.File}
		if seen[at]++; seen[at] > 1 {
			f.Evidence = append(f.Evidence, boltseal.Evidence{Kind: boltseal.EvidenceStable, Excerpt: fmt.Sprintf("number %d in the file", seen[at])})
		}
		f.Seal()
	}
}
