// Package report writes a [boltseal.Report] in the forms that people and
// other programs read: one [Format] per file. Every format converts from the
// report in one direction; only "json" is the report itself.
//
// Names, versions and texts in a report come from whoever made the artifact
// or wrote the advisory. Each format neutralises what its reader would act
// on: escape sequences in a terminal, markup in Markdown, formulas in a
// spreadsheet.
package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Format is one form of output.
type Format struct {
	Name  string // what users type: "table"
	Title string // for help texts
	Write func(io.Writer, *boltseal.Report, *Options) error
}

// Options are what a format cannot know from the report. The zero value and
// nil write for a file: 100 columns, no colour.
type Options struct {
	Width      int    // columns of the terminal
	Color      bool   // ANSI colours; the caller has looked at NO_COLOR
	Verbose    bool   // places, layers, reasons and waived findings too
	Dockerfile string // path in the user's repository of what made the image; SARIF puts the findings there

	// Checks are those that ran; SARIF takes the help of its rules from them.
	Checks []boltseal.Check
}

// DefaultWidth is the number of columns where nobody gave one.
const DefaultWidth = 100

func (o *Options) orDefault() Options {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Width <= 0 {
		out.Width = DefaultWidth
	}
	// Below this nothing can be laid out; a terminal that is narrower wraps.
	out.Width = max(out.Width, minWidth)
	return out
}

var formats []Format

// add registers a format; each file of this package that holds one calls it
// once from a package-level variable.
func add(f Format) bool {
	formats = append(formats, f)
	return true
}

// Formats lists every format by name.
func Formats() []Format {
	all := slices.Clone(formats)
	slices.SortFunc(all, func(a, b Format) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Lookup returns the format with this name.
func Lookup(name string) (Format, bool) {
	for _, f := range formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// nameOf is what a finding is called: its advisory, or else its check.
func nameOf(f *boltseal.Finding) string {
	if f.Advisory != nil && f.Advisory.ID != "" {
		return f.Advisory.ID
	}
	return f.Check
}

// titleOf is the finding in half a line.
func titleOf(f *boltseal.Finding) string {
	if f.Advisory != nil {
		if s := cmp.Or(firstLine(f.Advisory.Summary), firstLine(f.Advisory.Details)); s != "" {
			return s
		}
	}
	return cmp.Or(firstLine(f.Message), f.Title)
}

// firstLine is the first line of a Markdown text that is no heading, or the
// first heading where there is nothing else.
func firstLine(s string) string {
	heading := ""
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		text := strings.TrimSpace(strings.TrimLeft(line, "#"))
		if text == "" {
			continue
		}
		if text == line {
			return line
		}
		heading = cmp.Or(heading, text)
	}
	return heading
}

// placesOf lists every place of a finding, the first one first.
func placesOf(f *boltseal.Finding) []boltseal.Location {
	if len(f.Locations) > 0 {
		return f.Locations
	}
	if f.Location != (boltseal.Location{}) {
		return []boltseal.Location{f.Location}
	}
	return nil
}

// fixOf says in a word or two whether a finding can be removed.
func fixOf(f *boltseal.Finding) string {
	if len(f.FixedIn) > 0 {
		return f.FixedIn[0]
	}
	if f.Advisory == nil {
		return ""
	}
	switch f.Status {
	case boltseal.StatusWillNotFix, boltseal.StatusDeferred, boltseal.StatusUnderReview:
		return strings.ReplaceAll(string(f.Status), "-", " ")
	}
	if f.Advisory.Kind == boltseal.Malware {
		return "remove it"
	}
	return "no fix"
}

// isVulnerability tells the findings of advisories about vulnerabilities from
// all others.
func isVulnerability(f *boltseal.Finding) bool {
	return f.Advisory != nil && f.Advisory.Kind == ""
}

// originOf says who can mend a finding in an image.
func originOf(o boltseal.Origin) string {
	switch o {
	case boltseal.OriginBase:
		return "base image"
	case boltseal.OriginOwn:
		return "your layers"
	}
	return ""
}

// ageOf is how long before now a feed was fetched, or where that is not
// known, how old its newest record is.
func ageOf(f boltseal.Feed, now time.Time) (time.Duration, bool) {
	at := f.Fetched
	if at.IsZero() {
		at = f.Modified
	}
	if at.IsZero() || now.IsZero() {
		return 0, false
	}
	return max(now.Sub(at), 0), true
}
