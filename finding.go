package boltseal

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Finding is a check that failed at a place: a Dockerfile lint, a
// vulnerability, a secret, a hardening gap or a runtime alert.
type Finding struct {
	Key       string     `json:"key"` // see [Finding.Seal]
	Check     string     `json:"check"`
	Title     string     `json:"title,omitempty"`
	Message   string     `json:"message"`
	Severity  Severity   `json:"severity"`
	Rating    *Rating    `json:"rating,omitempty"` // where Severity comes from
	Subject   Subject    `json:"subject,omitzero"`
	Component *Component `json:"component,omitempty"`
	Advisory  *Advisory  `json:"advisory,omitempty"` // without Affected
	Event     *Event     `json:"event,omitempty"`
	Location  Location   `json:"location,omitzero"`
	Locations []Location `json:"locations,omitempty"` // all of them when there is more than one
	Status    Status     `json:"status,omitempty"`
	FixedIn   []string   `json:"fixedIn,omitempty"` // versions, nearest first
	Origin    Origin     `json:"origin,omitempty"`
	CreatedBy string     `json:"createdBy,omitempty"` // history line of the layer
	Evidence  []Evidence `json:"evidence,omitempty"`
	Fixes     []Fix      `json:"fixes,omitempty"`
	Reach     Reach      `json:"reach,omitempty"`
	Score     int        `json:"score,omitempty"` // priority, 0 to 100
	Reasons   []string   `json:"reasons,omitempty"`
	Waived    *Waiver    `json:"waived,omitempty"`
	Known     bool       `json:"known,omitempty"` // an earlier report, taken as the baseline, had it
}

// Subject names the artifact that a finding is about.
type Subject struct {
	Name     string `json:"name,omitempty"`
	Digest   Digest `json:"digest,omitempty"`
	Platform string `json:"platform,omitempty"`
}

// Origin says who can mend a finding in an image.
type Origin string

// The origins of a finding. Empty is not known.
const (
	OriginBase Origin = "base" // the base image brought it
	OriginOwn  Origin = "own"  // the user's own layers brought it
)

// Seal sets the finding's Key: what stays the same when lines move, tags are
// renamed and images are rebuilt, so that waivers, trends and de-duplication
// hold. The key takes in the check, the subject's name without tag or digest,
// the component without its version, the advisory, and the stable part of the
// place; parts that a finding lacks are empty.
func (f *Finding) Seal() {
	var purl, advisory string
	if f.Component != nil {
		if p, err := ParsePURL(f.Component.PURL); err == nil {
			p.Version, p.Qualifiers, p.Subpath = "", nil, ""
			purl = p.String()
		} else {
			purl = f.Component.Name
		}
	}
	if f.Advisory != nil {
		advisory = f.Advisory.ID
	}
	place := f.Location.File
	if f.Component != nil && f.Component.Basis == Installed {
		place = "" // the same package at another path is the same finding
	}
	parts := []string{f.Check, repository(f.Subject.Name), f.Subject.Platform, purl, advisory, place, ""}
	for _, e := range f.Evidence {
		if e.Kind == EvidenceStable {
			parts = append(parts, e.Excerpt)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	f.Key = hex.EncodeToString(sum[:16])
}

// BaselineKey is the finding's key as if its artifact had no name: it tells
// whether a report of the same thing under another name has the finding too.
func (f Finding) BaselineKey() string {
	f.Subject.Name = ""
	f.Seal()
	return f.Key
}

// repository is an image's name without its tag and digest.
func repository(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name
}

// Compare is the one order in which findings are printed: worst first, then
// by check, component, advisory and place.
func (f Finding) Compare(g Finding) int {
	return cmp.Or(
		-cmp.Compare(f.Severity, g.Severity),
		-cmp.Compare(f.Score, g.Score),
		strings.Compare(f.Check, g.Check),
		strings.Compare(f.componentName(), g.componentName()),
		strings.Compare(f.advisoryID(), g.advisoryID()),
		f.Location.Compare(g.Location),
		strings.Compare(f.Message, g.Message),
		strings.Compare(f.Subject.Platform, g.Subject.Platform),
		strings.Compare(f.Key, g.Key),
	)
}

func (f Finding) componentName() string {
	if f.Component == nil {
		return ""
	}
	return f.Component.PURL
}

func (f Finding) advisoryID() string {
	if f.Advisory == nil {
		return ""
	}
	return f.Advisory.ID
}
