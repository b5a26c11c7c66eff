package sbom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/spdx"
)

// Profile is a published list of what a bill of materials must hold.
type Profile struct {
	Name    string   // "ntia"
	Aliases []string // other names for the command line
	Title   string
	Source  string // the publication
	Rules   []Rule
}

// Rule is one element of a profile. It looks at the document or at each
// component, and returns what is wrong, or the empty string.
type Rule struct {
	ID        string // "component-version"
	Title     string // in the publication's words
	Section   string // where it stands
	Optional  bool   // to be given where it exists; not part of the score
	Document  func(doc *Document) string
	Component func(doc *Document, c *boltseal.Component, d *Detail) string
}

var profiles []Profile

func addProfile(p Profile) bool {
	profiles = append(profiles, p)
	return true
}

// Profiles lists every profile by name.
func Profiles() []Profile {
	all := slices.Clone(profiles)
	slices.SortFunc(all, func(a, b Profile) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Quality is how a document fares against a profile.
type Quality struct {
	Profile  string    `json:"profile"`
	Title    string    `json:"title"`
	Source   string    `json:"source"`
	Score    int       `json:"score"` // 0 to 100; 100 only if every element that counts is complete
	Pass     bool      `json:"pass"`
	Elements []Element `json:"elements"`
}

// Element is how a document fares in one element of a profile.
type Element struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Section  string   `json:"section,omitempty"`
	Optional bool     `json:"optional,omitempty"`
	Have     int      `json:"have"` // components, or 1 for the document
	Of       int      `json:"of"`
	Pass     bool     `json:"pass"`
	Why      string   `json:"why,omitempty"`     // what is wrong, of the first where it is
	Missing  []string `json:"missing,omitempty"` // the first components without it
}

// maxMissing is how many components an Element names.
const maxMissing = 10

// Check judges a document by the profile with this name. The score is the
// mean, over the elements that count, of the share of components (or of
// documents: all or nothing) that have the element.
func Check(doc *Document, profile string) (*Quality, error) {
	i := slices.IndexFunc(profiles, func(p Profile) bool {
		return strings.EqualFold(p.Name, profile) || slices.Contains(p.Aliases, strings.ToLower(profile))
	})
	if i < 0 {
		return nil, fmt.Errorf("check sbom: no profile %q", profile)
	}
	p := &profiles[i]
	q := &Quality{Profile: p.Name, Title: p.Title, Source: p.Source, Pass: true}
	sum, counted := 0.0, 0
	for _, rule := range p.Rules {
		e := rule.judge(doc)
		q.Elements = append(q.Elements, e)
		if rule.Optional {
			continue
		}
		q.Pass = q.Pass && e.Pass
		counted++
		if e.Of > 0 {
			sum += float64(e.Have) / float64(e.Of)
		} else {
			sum++
		}
	}
	q.Score = int(sum / float64(counted) * 100)
	if !q.Pass {
		q.Score = min(q.Score, 99)
	}
	return q, nil
}

func (r *Rule) judge(doc *Document) Element {
	e := Element{ID: r.ID, Title: r.Title, Section: r.Section, Optional: r.Optional}
	if r.Document != nil {
		e.Of = 1
		if e.Why = r.Document(doc); e.Why == "" {
			e.Have = 1
		}
	}
	if r.Component != nil {
		e.Of = len(doc.Components)
		for i := range doc.Components {
			c := &doc.Components[i]
			why := r.Component(doc, c, doc.detail(i))
			if why == "" {
				e.Have++
				continue
			}
			if e.Why == "" {
				e.Why = why
			}
			if len(e.Missing) < maxMissing {
				e.Missing = append(e.Missing, label(c))
			}
		}
	}
	e.Pass = e.Have == e.Of
	return e
}

// label names a component to a person.
func label(c *boltseal.Component) string {
	if c.PURL != "" {
		return c.PURL
	}
	return strings.TrimSpace(c.Name + " " + c.Version)
}

// unless is why a rule is broken, or empty.
func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

// The rules that several profiles share.

func hasName(_ *Document, c *boltseal.Component, _ *Detail) string {
	return unless(c.Name != "", "no name")
}

func hasVersion(_ *Document, c *boltseal.Component, _ *Detail) string {
	return unless(c.Version != "", "no version")
}

func hasSupplier(_ *Document, c *boltseal.Component, _ *Detail) string {
	return unless(c.Supplier != "", "no supplier")
}

func hasIdentifier(_ *Document, c *boltseal.Component, _ *Detail) string {
	return unless(c.PURL != "" || len(c.CPEs) > 0, "neither purl nor CPE")
}

func hasRelationship(_ *Document, _ *boltseal.Component, d *Detail) string {
	return unless(!d.Orphan, "no relationship names it")
}

// hasLicence wants licences that a program can understand.
func hasLicence(_ *Document, c *boltseal.Component, _ *Detail) string {
	if len(c.Licenses) == 0 {
		return "no licence"
	}
	for _, l := range c.Licenses {
		if !spdx.Valid(l) {
			return "licence " + fmt.Sprintf("%q", l[:min(len(l), 60)]) + " is no SPDX expression"
		}
	}
	return ""
}

func hasTimestamp(doc *Document) string { return unless(!doc.Time.IsZero(), "no timestamp") }

func hasTool(doc *Document) string { return unless(doc.Tool.Name != "", "no tool") }

func hasAuthor(doc *Document) string {
	return unless(len(doc.Authors) > 0, "no person or organization vouches for the document")
}
