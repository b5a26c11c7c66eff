package report

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "sarif", Title: "SARIF 2.1.0, for code scanning", Write: writeSARIF})

// GitHub shows the 5,000 worst results of a run and refuses more than 25,000
// ("SARIF support for code scanning", limits). Above the first number the
// findings of one group that one rule makes become one result.
const (
	sarifGroupAbove = 5_000
	sarifMost       = 25_000
)

// writeSARIF writes one run. A rule is an advisory, or a check of ours.
// Fingerprints are the findings' keys, which hold neither tag nor digest nor
// version: an alert that was dismissed stays so when the image is rebuilt.
func writeSARIF(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	s := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: cmp.Or(r.Tool.Name, "boltseal"), Version: r.Tool.Version, InformationURI: "https://github.com/boltseal/boltseal"}},
		Results:     []sarifResult{},
		ColumnKind:  "utf16CodeUnits",
		Invocations: []sarifInvocation{sarifInvoke(r)},
		Automation:  &sarifAutomation{ID: sarifCategory(r)},
		Properties:  sarifRunProperties(r),
	}
	findings := sarifFindings(r)
	if left := len(findings) - sarifMost; left > 0 {
		findings = findings[:sarifMost]
		s.Invocations[0].Notifications = append(s.Invocations[0].Notifications, sarifNote("limit", "warning",
			fmt.Sprintf("%d of the mildest findings are left out: a SARIF run holds at most %d", left, sarifMost)))
	}
	checks := map[string]boltseal.Check{}
	for _, c := range o.Checks {
		checks[c.ID] = c
	}
	if r.Scorecard != nil {
		s.Taxonomies = sarifTaxonomies(r.Scorecard)
	}
	index := map[string]int{}
	for _, f := range findings {
		id := nameOf(f)
		at, ok := index[id]
		if !ok {
			at = len(s.Tool.Driver.Rules)
			index[id] = at
			rule := sarifRuleOf(f, checks[f.Check])
			if r.Scorecard != nil {
				rule.Relations = sarifRelations(r.Scorecard, f.Check)
			}
			s.Tool.Driver.Rules = append(s.Tool.Driver.Rules, rule)
		}
		s.Tool.Driver.Rules[at].raise(f)
		s.Results = append(s.Results, sarifResultOf(r, f, at, o.Dockerfile))
	}
	return encode(w, &sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{s},
	})
}

// sarifFindings are the findings that become results, worst first.
func sarifFindings(r *boltseal.Report) []*boltseal.Finding {
	var out []*boltseal.Finding
	if len(r.Findings) <= sarifGroupAbove {
		for i := range r.Findings {
			out = append(out, &r.Findings[i])
		}
		return out
	}
	for _, g := range groupFindings(r) {
		for _, at := range g.rows {
			out = append(out, at.Finding)
		}
	}
	slices.SortStableFunc(out, func(a, b *boltseal.Finding) int { return boltseal.Finding.Compare(*a, *b) })
	return out
}

// sarifCategory keeps the results of several images apart (SARIF 2.1.0,
// 3.17.3): the part before the last slash is GitHub's category.
func sarifCategory(r *boltseal.Report) string {
	id := "boltseal/" + repositoryOf(r.Artifact.Name)
	if r.Artifact.Platform != nil {
		id += "/" + r.Artifact.Platform.String()
	}
	return id + "/"
}

// repositoryOf is an image's name without its tag and digest.
func repositoryOf(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name
}

// sarifInvoke tells how the run went. Gaps are notifications: SARIF's place
// for what the tool could not do.
func sarifInvoke(r *boltseal.Report) sarifInvocation {
	out := sarifInvocation{Successful: true, ExitCode: r.Verdict.ExitStatus(), ExitDescription: strings.Join(r.Verdict.Reasons, "; ")}
	if !r.Time.IsZero() {
		out.End = r.Time.UTC().Format(time.RFC3339)
	}
	for _, g := range r.Gaps {
		text := g.What + ": " + g.Why
		if g.Hint != "" {
			text += ". " + g.Hint
		}
		out.Notifications = append(out.Notifications, sarifNote(g.Kind, "warning", text))
	}
	return out
}

func sarifNote(id, level, text string) sarifNotification {
	return sarifNotification{Descriptor: sarifDescriptor{ID: cmp.Or(id, "gap")}, Level: level, Message: sarifText{Text: clean(text)}}
}

func sarifRunProperties(r *boltseal.Report) map[string]any {
	p := map[string]any{"artifact": r.Artifact.Name}
	if r.Artifact.Digest != "" {
		p["digest"] = r.Artifact.Digest
	}
	if r.Snapshot != nil {
		p["advisoryData"] = r.Snapshot.ID
	}
	if r.Scorecard != nil {
		p["score"] = r.Scorecard.Tally.Score
		p["controlsAssessed"] = r.Scorecard.Tally.Assessed()
		p["controls"] = r.Scorecard.Tally.Total()
	}
	return p
}

func sarifResultOf(r *boltseal.Report, f *boltseal.Finding, rule int, dockerfile string) sarifResult {
	out := sarifResult{
		RuleID:    nameOf(f),
		RuleIndex: rule,
		Level:     sarifLevel(f.Severity),
		Message:   sarifText{Text: clean(sarifMessage(f))},
		Locations: []sarifLocation{sarifPlace(r, f, dockerfile)},
		// GitHub reads only the first of the two names.
		Fingerprints: map[string]string{"primaryLocationLineHash": f.Key, "boltsealKey/v1": f.Key},
		Properties:   sarifProperties(f),
	}
	if places := placesOf(f); len(places) > 1 {
		for i, l := range places[1:] {
			out.Related = append(out.Related, sarifRelated{ID: i + 1, sarifLocation: sarifFile(l)})
		}
	}
	if f.Waived != nil {
		kind := "external"
		if f.Waived.Comment {
			kind = "inSource" // SARIF 2.1.0, section 3.35.2
		}
		out.Suppressions = []sarifSuppression{{Kind: kind, Status: "accepted", Justification: clean(f.Waived.String())}}
	}
	return out
}

// sarifMessage is the alert in words: what is where, and what removes it.
func sarifMessage(f *boltseal.Finding) string {
	text := cmp.Or(f.Message, titleOf(f), nameOf(f))
	if isComponent(f) {
		if title := titleOf(f); title != "" && title != text {
			text += ": " + title
		}
	}
	switch {
	case len(f.FixedIn) > 0:
		text += ". Fixed in " + strings.Join(f.FixedIn, ", ")
	case isVulnerability(f):
		text += ". " + strings.ToUpper(fixOf(f)[:1]) + fixOf(f)[1:]
	}
	if origin := originOf(f.Origin); origin != "" {
		text += ". Brought by " + map[boltseal.Origin]string{boltseal.OriginBase: "the base image", boltseal.OriginOwn: "the image's own layers"}[f.Origin]
	}
	return text
}

// sarifPlace is where GitHub shows the alert: the Dockerfile that made the
// image if the user named it, else the file inside the image.
func sarifPlace(r *boltseal.Report, f *boltseal.Finding, dockerfile string) sarifLocation {
	out := sarifFile(f.Location)
	inImage := r.Artifact.Kind == boltseal.KindImage || r.Artifact.Kind == boltseal.KindIndex
	if dockerfile != "" && inImage && isComponent(f) {
		out = sarifFile(boltseal.Location{File: dockerfile})
	}
	if f.Location.File == "" && (dockerfile == "" || !isComponent(f)) {
		out = sarifFile(boltseal.Location{File: repositoryOf(r.Artifact.Name)})
	}
	if f.Component != nil {
		out.Logical = []sarifLogical{{Name: f.Component.Name, FullName: f.Component.PURL, Kind: "package"}}
	}
	return out
}

func sarifFile(l boltseal.Location) sarifLocation {
	out := sarifLocation{Physical: sarifPhysical{
		Artifact: sarifArtifact{URI: relativeURI(l.File)},
		Region:   &sarifRegion{StartLine: max(l.Line, 1)},
	}}
	if l.Line > 0 && l.Col > 0 {
		out.Physical.Region.StartColumn = l.Col
	}
	return out
}

// relativeURI is a path as a relative URI reference (RFC 3986, 4.2). A path
// from a hostile archive must not become an absolute address, nor leave the
// repository.
func relativeURI(file string) string {
	file = strings.TrimPrefix(path.Clean("/"+file), "/")
	if file == "" {
		return "."
	}
	u := url.URL{Path: file}
	return u.String()
}

func sarifLevel(s boltseal.Severity) string {
	switch s {
	case boltseal.Critical, boltseal.High:
		return "error"
	case boltseal.Medium, boltseal.Unknown:
		return "warning"
	case boltseal.Low, boltseal.Negligible:
		return "note"
	}
	return "warning"
}

func sarifProperties(f *boltseal.Finding) map[string]any {
	p := map[string]any{"severity": f.Severity.String(), "check": f.Check}
	set := func(key string, value any, is bool) {
		if is {
			p[key] = value
		}
	}
	set("priority", f.Score, f.Score > 0)
	set("reasons", f.Reasons, len(f.Reasons) > 0)
	set("fixedIn", f.FixedIn, len(f.FixedIn) > 0)
	set("status", string(f.Status), f.Status != "")
	set("origin", string(f.Origin), f.Origin != "")
	set("layer", string(f.Location.Layer), f.Location.Layer != "")
	set("createdBy", f.CreatedBy, f.CreatedBy != "")
	set("platform", f.Subject.Platform, f.Subject.Platform != "")
	if f.Rating != nil {
		set("ratedBy", f.Rating.By, f.Rating.By != "")
	}
	if f.Component != nil {
		set("purl", f.Component.PURL, f.Component.PURL != "")
		set("installed", f.Component.Version, f.Component.Version != "")
	}
	if a := f.Advisory; a != nil {
		set("aliases", a.Aliases, len(a.Aliases) > 0)
		set("kev", true, a.KEV != nil)
		if a.EPSS != nil {
			p["epss"] = a.EPSS.Score
		}
	}
	return p
}
