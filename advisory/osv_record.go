package advisory

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

// record is an advisory on its way into the database.
type record struct {
	boltseal.Advisory
	modules [][]string // of each of Affected
	bare    bool       // it speaks of no package at all, only of the vulnerability
	notes   []string   // what of it was not taken, and why
}

// osvRecord is what is read of a record in the OSV format, schema 1.7. What
// only informs is decoded with patience; a wrong type in what decides is an
// error.
type osvRecord struct {
	ID         string                      `json:"id"`
	Modified   string                      `json:"modified"`
	Published  string                      `json:"published"`
	Withdrawn  string                      `json:"withdrawn"`
	Aliases    []string                    `json:"aliases"`
	Upstream   []string                    `json:"upstream"`
	Related    []string                    `json:"related"`
	Summary    patient[string]             `json:"summary"`
	Details    patient[string]             `json:"details"`
	Severity   patient[[]osvSeverity]      `json:"severity"`
	References patient[[]osvReference]     `json:"references"`
	Affected   []osvAffected               `json:"affected"`
	Specific   patient[osvRecordSpecifics] `json:"database_specific"`
}

type osvSeverity struct {
	Type   string          `json:"type"`
	Score  patient[string] `json:"score"`
	Source patient[string] `json:"source"`
}

type osvReference struct {
	URL patient[string] `json:"url"`
}

type osvRecordSpecifics struct {
	Severity patient[string]   `json:"severity"`
	CWEs     patient[[]string] `json:"cwe_ids"`
}

type osvAffected struct {
	Package *struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Ranges   []osvRange                    `json:"ranges"`
	Versions []string                      `json:"versions"`
	Severity patient[[]osvSeverity]        `json:"severity"`
	Specific patient[osvEcosystemSpecific] `json:"ecosystem_specific"`
	Database patient[osvDatabaseSpecific]  `json:"database_specific"`
}

type osvRange struct {
	Type   string     `json:"type"`
	Events []osvEvent `json:"events"`
}

type osvEvent struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
}

// osvEcosystemSpecific has the fields that publishers put there: urgency is
// Debian's, ubuntu_priority Ubuntu's, imports Go's.
type osvEcosystemSpecific struct {
	Urgency        patient[string]      `json:"urgency"`
	UbuntuPriority patient[string]      `json:"ubuntu_priority"`
	Severity       patient[string]      `json:"severity"`
	Imports        patient[[]osvImport] `json:"imports"`
}

type osvImport struct {
	Path    string   `json:"path"`
	Symbols []string `json:"symbols"`
}

// osvDatabaseSpecific has GitHub's and RustSec's fields.
type osvDatabaseSpecific struct {
	LastKnown     patient[string]  `json:"last_known_affected_version_range"`
	Informational patient[string]  `json:"informational"`
	CVSS          patient[osvCVSS] `json:"cvss"`
	Severity      patient[string]  `json:"severity"`
	Urgency       patient[string]  `json:"urgency"`
}

// osvCVSS is a vector alone (RustSec) or in an object.
type osvCVSS string

// UnmarshalJSON takes both forms.
func (c *osvCVSS) UnmarshalJSON(data []byte) error {
	var object struct {
		Vector string `json:"vectorString"`
	}
	if err := json.Unmarshal(data, (*string)(c)); err == nil {
		return nil
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*c = osvCVSS(object.Vector)
	return nil
}

// patient is a value that stays empty when the document has another type
// there.
type patient[T any] struct{ v T }

// UnmarshalJSON never fails: the bytes are JSON, only perhaps not a T.
func (p *patient[T]) UnmarshalJSON(data []byte) error {
	var v T
	if err := json.Unmarshal(data, &v); err == nil {
		p.v = v
	}
	return nil
}

var (
	errNoID      = errors.New("no id")
	errWrongType = errors.New("not an OSV record")
)

// decodeOSV reads one record. It gives an error when nothing of it can be
// taken; a record with something left out says so in its notes. A withdrawn
// record has no Affected.
func decodeOSV(data []byte) (*record, error) {
	var o osvRecord
	if err := json.Unmarshal(data, &o); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return &record{Advisory: boltseal.Advisory{ID: canonicalID(o.ID)}}, fmt.Errorf("%w: %s is a %s", errWrongType, wrong.Field, wrong.Value)
		}
		return nil, err
	}
	r := &record{Advisory: boltseal.Advisory{ID: canonicalID(o.ID)}}
	if r.ID == "" || len(r.ID) > 256 {
		return r, errNoID
	}
	r.Published, r.Modified, r.Withdrawn = o.time(r, o.Published), o.time(r, o.Modified), o.time(r, o.Withdrawn)
	if o.Withdrawn != "" {
		if r.Withdrawn.IsZero() {
			r.Withdrawn = time.Unix(1, 0).UTC() // withdrawn, whenever that was
		}
		return r, nil
	}
	r.Aliases, r.Upstream, r.Related = ids(o.Aliases, r.ID), ids(o.Upstream, r.ID), ids(o.Related, r.ID)
	r.Summary, r.Details = strings.TrimSpace(o.Summary.v), strings.TrimSpace(o.Details.v)
	for _, reference := range o.References.v {
		if u := strings.TrimSpace(reference.URL.v); u != "" && !slices.Contains(r.References, u) {
			r.References = append(r.References, u)
		}
	}
	r.CWEs = o.Specific.v.CWEs.v
	o.sanitise(r)
	if bugFix(r) {
		return r, nil
	}
	o.affected(r)
	o.rate(r)
	r.Kind = o.kind(r)
	return r, nil
}

// time reads a date. The year 1 that a Go program writes for none is none.
func (o *osvRecord) time(r *record, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		r.note("a date is not one: " + clip(s))
		return time.Time{}
	}
	if t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

func (r *record) note(why string) { r.notes = append(r.notes, why) }

// ids are the ids of a list, each once, without self.
func ids(list []string, self string) []string {
	var out []string
	for _, id := range list {
		id = canonicalID(id)
		if id != "" && id != self && len(id) <= 256 && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// sanitise fills in which vulnerabilities a distribution's record speaks of
// where its publisher leaves that to a reader's guess.
func (o *osvRecord) sanitise(r *record) {
	if len(r.Aliases)+len(r.Upstream) > 0 {
		return
	}
	if cve, ok := cveOf(r.ID); ok {
		r.Upstream = []string{cve}
		return
	}
	// AlmaLinux and, in older records, Rocky Linux list the CVEs of an
	// erratum as related.
	if by := publisher(r.ID); by == "almalinux" || by == "rocky" {
		for _, id := range r.Related {
			if isCVE(id) {
				r.Upstream = append(r.Upstream, id)
			}
		}
	}
}

// affected takes over what can be matched.
func (o *osvRecord) affected(r *record) {
	named := false
	for i := range o.Affected {
		a := &o.Affected[i]
		if a.Package == nil || a.Package.Ecosystem == "" && a.Package.Name == "" {
			continue
		}
		named = true
		ecosystem := Ecosystem(a.Package.Ecosystem)
		module, name := splitModule(ecosystem, packageName(ecosystem, a.Package.Name))
		switch {
		case ecosystem == "":
			r.note("a package without an ecosystem: " + clip(name))
			continue
		case lacksRelease(ecosystem):
			r.note(ecosystem + " without a release: " + clip(name))
			continue
		case placeholder(name):
			r.note("not a package name: " + clip(name))
			continue
		}
		out, modules, nothing := a.take(ecosystem, name, o.Summary.v)
		if len(out.Ranges)+len(out.Versions) == 0 {
			if !nothing {
				r.note("no versions that can be compared: " + ecosystem + " " + clip(name))
			}
			continue
		}
		if module != "" {
			modules = []string{module}
		}
		r.Affected = append(r.Affected, out)
		r.modules = append(r.modules, modules)
	}
	r.bare = !named
}

// take gives the versions of one affected package and the modules that they
// are built in. Nothing is true when a range says that no version is
// affected, as "fixed in 0" does.
func (a *osvAffected) take(ecosystem, name, summary string) (out boltseal.Affected, modules []string, nothing bool) {
	out = boltseal.Affected{Ecosystem: ecosystem, Name: name, Symbols: a.symbols()}
	scheme, _ := version.ForEcosystem(ecosystem)
	for i := range a.Ranges {
		g := &a.Ranges[i]
		if g.Type == "GIT" {
			continue
		}
		pairs := pair(g.Events, scheme)
		nothing = nothing || len(pairs) == 0 && len(g.Events) > 0
		out.Ranges = append(out.Ranges, pairs...)
		for _, e := range g.Events {
			if modules == nil && strings.Contains(e.Fixed, ".module") {
				modules = modulesOf(summary)
			}
		}
	}
	a.bound(&out)
	out.Versions = enumerated(a.Versions, &out, scheme)
	out.Severity, out.Status = a.word(ecosystem)
	return out, modules, nothing
}

// bound ends an open range where GitHub says how far the knowledge goes.
func (a *osvAffected) bound(out *boltseal.Affected) {
	if len(out.Ranges) != 1 || out.Ranges[0].Fixed != "" || out.Ranges[0].LastAffected != "" {
		return
	}
	operator, v, ok := strings.Cut(strings.TrimSpace(a.Database.v.LastKnown.v), " ")
	if v = strings.TrimSpace(v); !ok || v == "" || strings.ContainsAny(v, " ,|") {
		return
	}
	switch operator {
	case "<=":
		out.Ranges[0].LastAffected = v
	case "<":
		out.Ranges[0].Fixed = v
	}
}

// symbols are the functions that must be reached, of Go's records.
func (a *osvAffected) symbols() []string {
	var out []string
	for _, i := range a.Specific.v.Imports.v {
		if i.Path == "" {
			continue
		}
		if len(i.Symbols) == 0 {
			out = append(out, i.Path+".*")
		}
		for _, s := range i.Symbols {
			out = append(out, i.Path+"."+s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// bugFix says whether the record is a distribution's erratum of bug fixes or
// enhancements (ALBA, RHEA). Unless it names a vulnerability all the same, it
// is about nothing that boltseal looks for.
func bugFix(r *record) bool {
	prefix, _, _ := strings.Cut(r.ID, "-")
	if len(prefix) != 4 || prefix[2:] != "BA" && prefix[2:] != "EA" || len(r.Upstream)+len(r.Aliases) > 0 {
		return false
	}
	by := publisher(r.ID)
	return by == "almalinux" || by == "rocky" || by == "redhat"
}

// kind tells what the record is about.
func (o *osvRecord) kind(r *record) boltseal.AdvisoryFor {
	malware := func(id string) bool { return strings.HasPrefix(id, "MAL-") }
	if malware(r.ID) || slices.ContainsFunc(r.Aliases, malware) {
		return boltseal.Malware
	}
	informational := len(o.Affected) > 0
	for i := range o.Affected {
		informational = informational && o.Affected[i].Database.v.Informational.v != ""
	}
	if informational {
		return boltseal.Informational
	}
	return ""
}

func clip(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
