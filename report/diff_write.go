package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/boltseal/boltseal"
)

// maxDiffRows is how many findings or components of one kind a text shows; JSON
// has all of them.
const maxDiffRows = 50

// WriteJSON writes the difference for machines.
func (d *Difference) WriteJSON(w io.Writer) error { return encode(w, d) }

// WriteText writes the difference for people: what is new first, then what is
// fixed, then the components.
func (d *Difference) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s\n\n", sideName(d.From), sideName(d.To))
	fmt.Fprintf(&b, "  findings    %d -> %d: %d new, %d fixed, %d still there\n", d.From.Findings, d.To.Findings, len(d.New), len(d.Fixed), d.Still)
	c := d.Components
	fmt.Fprintf(&b, "  components  %d -> %d: %d added, %d removed, %d changed\n", c.From.Total, c.To.Total, len(c.Added), len(c.Removed), len(c.Changed))
	if d.From.Size > 0 && d.To.Size > 0 {
		fmt.Fprintf(&b, "  size        %s -> %s (%+.1f%%)\n", diffSize(d.From.Size), diffSize(d.To.Size), 100*float64(d.To.Size-d.From.Size)/float64(d.From.Size))
	}
	for _, note := range d.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	diffRows(&b, "New findings", len(d.New), func(i int) string { return diffLine(&d.New[i].Finding, d.New[i].Published) })
	diffRows(&b, "Fixed findings", len(d.Fixed), func(i int) string { return diffLine(&d.Fixed[i], false) })
	diffRows(&b, "Components added", len(c.Added), func(i int) string { return diffComponent(&c.Added[i]) })
	diffRows(&b, "Components removed", len(c.Removed), func(i int) string { return diffComponent(&c.Removed[i]) })
	diffRows(&b, "Components changed", len(c.Changed), func(i int) string {
		from, to := &c.Changed[i].From, &c.Changed[i].To
		if from.Version == to.Version {
			return fmt.Sprintf("%s: %s", diffComponent(to), strings.Join(c.Changed[i].Fields, ", "))
		}
		return fmt.Sprintf("%s -> %s", diffComponent(from), clean(to.Version))
	})
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdown writes the difference for a pull request.
func (d *Difference) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	c := d.Components
	fmt.Fprintf(&b, "## %s → %s\n\n| | before | after | |\n|---|---|---|---|\n", markdownCode(d.From.Artifact), markdownCode(d.To.Artifact))
	fmt.Fprintf(&b, "| findings | %d | %d | %d new, %d fixed |\n", d.From.Findings, d.To.Findings, len(d.New), len(d.Fixed))
	fmt.Fprintf(&b, "| components | %d | %d | %d added, %d removed, %d changed |\n", c.From.Total, c.To.Total, len(c.Added), len(c.Removed), len(c.Changed))
	if d.From.Size > 0 && d.To.Size > 0 {
		fmt.Fprintf(&b, "| size | %s | %s | %+.1f%% |\n", diffSize(d.From.Size), diffSize(d.To.Size), 100*float64(d.To.Size-d.From.Size)/float64(d.From.Size))
	}
	for _, note := range d.Notes {
		fmt.Fprintf(&b, "\n> %s\n", note)
	}
	table := func(title string, n int, at func(int) *boltseal.Finding) {
		if n == 0 {
			return
		}
		fmt.Fprintf(&b, "\n### %s\n\n| severity | what | where | fix |\n|---|---|---|---|\n", title)
		for i := range min(n, maxDiffRows) {
			f := at(i)
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Severity, markdownCode(diffName(f)), markdownCode(diffPlace(f)), markdownCode(strings.Join(f.FixedIn, " ")))
		}
		if n > maxDiffRows {
			fmt.Fprintf(&b, "\nand %d more\n", n-maxDiffRows)
		}
	}
	table("New findings", len(d.New), func(i int) *boltseal.Finding { return &d.New[i].Finding })
	table("Fixed findings", len(d.Fixed), func(i int) *boltseal.Finding { return &d.Fixed[i] })
	_, err := io.WriteString(w, b.String())
	return err
}

func diffRows(b *strings.Builder, title string, n int, line func(int) string) {
	if n == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for i := range min(n, maxDiffRows) {
		fmt.Fprintf(b, "  %s\n", line(i))
	}
	if n > maxDiffRows {
		fmt.Fprintf(b, "  and %d more (-o json has all)\n", n-maxDiffRows)
	}
}

func diffLine(f *boltseal.Finding, published bool) string {
	line := fmt.Sprintf("%-10s  %-18s  %s", strings.ToUpper(f.Severity.String()), diffName(f), diffPlace(f))
	if len(f.FixedIn) > 0 {
		line += ", fixed in " + clean(f.FixedIn[0])
	}
	if published {
		line += " (was there before; published since)"
	}
	return line
}

// what is the name of what was found.
func diffName(f *boltseal.Finding) string {
	if f.Advisory != nil {
		return clean(f.Advisory.ID)
	}
	return clean(f.Check)
}

// where is the component, or else the place, that it was found in.
func diffPlace(f *boltseal.Finding) string {
	switch {
	case f.Component != nil:
		return diffComponent(f.Component)
	case f.Location.Line > 0:
		return fmt.Sprintf("%s:%d %s", clean(f.Location.File), f.Location.Line, clean(f.Message))
	}
	return clean(f.Location.File + " " + f.Message)
}

func diffComponent(c *boltseal.Component) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(c.PURL, "pkg:"), "/")
	return clean(c.Name + " " + c.Version + " (" + kind + ")")
}

func sideName(s Side) string {
	if s.Digest == "" || strings.Contains(s.Artifact, "@") {
		return clean(s.Artifact)
	}
	return clean(s.Artifact) + " (" + s.Digest.Short() + ")"
}

// size writes bytes in the largest unit that leaves a digit before the point.
func diffSize(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
