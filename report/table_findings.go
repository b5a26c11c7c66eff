package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// columns are the widths of a table's columns. All groups share them, so that
// the eye can run down a column through the whole table.
type columns struct {
	id, fix, signal, by int
	title               int // 0: it stands on a line of its own
	plain               int // of the ids of findings that are about no component
	components          bool
}

const (
	severityColumn = 10 // "negligible"
	indent         = 2
	between        = 2
	leastTitle     = 28
	goodTitle      = 40
	signalHead     = "KEV  EPSS"
)

// findings writes one block for each group.
func (p *page) findings(groups []*group, verbose bool) {
	c := p.layout(groups, verbose)
	headed := false
	for _, g := range groups {
		rows := g.shown(verbose)
		if len(rows) == 0 {
			continue
		}
		if !headed {
			if c.components {
				p.line()
				p.columnHeads(c)
			}
			headed = true
		}
		p.line()
		p.groupHead(g, verbose)
		for _, at := range rows {
			p.row(at, c, verbose)
		}
	}
	if !headed {
		p.line()
		p.line(cell{"No findings.", green})
	}
}

// layout measures the columns and gives the title what they leave. Where that
// is too little, the title goes under the row, and the column that tells who
// rated goes first.
func (p *page) layout(groups []*group, verbose bool) columns {
	c := columns{id: len("ID"), fix: len("FIXED IN")}
	for _, g := range groups {
		for _, at := range g.shown(verbose) {
			if !isComponent(at.Finding) {
				c.plain = min(max(c.plain, widthOf(clean(nameOf(at.Finding)))), 36)
				continue
			}
			c.components = true
			c.id = max(c.id, widthOf(clean(nameOf(at.Finding))))
			c.fix = max(c.fix, widthOf(clean(fixOf(at.Finding))))
			c.signal = max(c.signal, widthOf(signalOf(at.Finding)))
			c.by = max(c.by, widthOf(ratedBy(at.Finding)))
		}
	}
	c.id, c.fix, c.by = min(c.id, 28), min(c.fix, 28), min(c.by, 10)
	if c.signal > 0 {
		c.signal = max(c.signal, len(signalHead))
	}
	if c.by > 0 {
		c.by = max(c.by, len("RATED BY"))
	}
	left := func() int {
		used := indent + severityColumn + between + c.id + between + c.fix
		for _, w := range []int{c.signal, c.by} {
			if w > 0 {
				used += between + w
			}
		}
		return p.width - used - between
	}
	if left() < goodTitle {
		c.by = 0
	}
	if c.title = left(); c.title < leastTitle {
		c.title = 0
	}
	// Names that are wider than the terminal are cut, never wrapped.
	for left() < -between && c.fix > 12 {
		c.fix--
	}
	for left() < -between && c.id > 12 {
		c.id--
	}
	return c
}

func (p *page) columnHeads(c columns) {
	text := strings.Repeat(" ", indent) + pad("SEVERITY", severityColumn)
	text += "  " + pad("ID", c.id) + "  " + pad("FIXED IN", c.fix)
	if c.signal > 0 {
		text += "  " + pad(signalHead, c.signal)
	}
	if c.by > 0 {
		text += "  " + pad("RATED BY", c.by)
	}
	if c.title > 0 {
		text += "  " + "SUMMARY"
	}
	p.line(cell{text, faint})
}

// groupHead names the group and what to do about all of it.
func (p *page) groupHead(g *group, verbose bool) {
	name := clean(g.name)
	if name == "" {
		name = "the artifact itself"
	}
	left := []cell{{name, bold}}
	if g.version != "" {
		left = append(left, cell{" " + clean(g.version), plain})
	}
	for _, fact := range []string{clean(g.kind), g.brought(), basisOf(g)} {
		if fact != "" {
			left = append(left, cell{" · " + fact, faint})
		}
	}
	right := cell{}
	if g.upgrade != "" {
		right = cell{"upgrade to " + clean(g.upgrade), green}
	}
	p.spread(left, right)
	if len(g.members) > 0 {
		p.paragraph(indent, "", "in "+cleanList(g.members, 8, verbose), faint)
	}
	if g.owner != "" {
		p.paragraph(indent, "", "installed by "+clean(shortPURL(g.owner)), faint)
	}
	if g.kind != "" && (verbose || !g.isSystem()) {
		p.places(g, verbose)
	}
	if verbose && g.history != "" && !g.mixed {
		p.paragraph(indent, "", "layer: "+clean(g.history), faint)
	}
}

// brought says which layers a group came with.
func (g *group) brought() string {
	if g.mixed {
		return "base image and your layers"
	}
	return originOf(g.origin)
}

// basisOf says so where the evidence is no more than a wish.
func basisOf(g *group) string {
	if g.basis == boltseal.Declared {
		return "declared, not seen installed"
	}
	return ""
}

// places lists where a group lies: the first place, or all of them.
func (p *page) places(g *group, verbose bool) {
	for i, l := range g.places {
		if l.File == "" {
			continue
		}
		text := clean(l.File)
		if l.Line > 0 {
			text += ":" + strconv.Itoa(l.Line)
		}
		if more := len(g.places) - i - 1; more > 0 && !verbose {
			text = fit(text, max(p.width-indent-16, 20)) + fmt.Sprintf(" and %d more", more)
		}
		p.line(cell{strings.Repeat(" ", indent) + fit(text, p.width-indent), faint})
		if !verbose {
			return
		}
	}
}

// row writes one vulnerability or failed check.
func (p *page) row(at *row, c columns, verbose bool) {
	f := at.Finding
	lead := strings.Repeat(" ", indent)
	style := inkOf(f.Severity)
	if at.waived {
		style = faint
	}
	severity := cell{pad(strings.ToUpper(f.Severity.String()), severityColumn), style}
	title := titleCell(at)
	if !isComponent(f) {
		p.plainRow(at, severity, title, c, verbose)
		return
	}
	fix := cell{"  " + pad(clean(fixOf(f)), c.fix), faint}
	if len(f.FixedIn) > 0 && !at.waived {
		fix.ink = green
	}
	cells := []cell{{lead, plain}, severity, {"  " + pad(clean(nameOf(f)), c.id), plain}, fix}
	if c.signal > 0 {
		signal := cell{"  " + pad(signalOf(f), c.signal), faint}
		if f.Advisory != nil && f.Advisory.KEV != nil {
			signal.ink = boldRed
		}
		cells = append(cells, signal)
	}
	if c.by > 0 {
		cells = append(cells, cell{"  " + pad(ratedBy(f), c.by), faint})
	}
	if c.title == 0 {
		p.line(cells...)
		p.under(title, indent+severityColumn+between, verbose)
	} else {
		lines := []string{fit(title, c.title)}
		if verbose {
			lines = wrap(title, c.title)
		}
		p.line(append(cells, cell{"  " + lines[0], plain})...)
		for _, line := range lines[1:] {
			p.line(cell{strings.Repeat(" ", p.width-c.title), plain}, cell{line, plain})
		}
	}
	if verbose {
		p.details(at)
	}
}

// plainRow writes a failed check of a file, which has none of the middle
// columns.
func (p *page) plainRow(at *row, severity cell, title string, c columns, verbose bool) {
	name := pad(clean(nameOf(at.Finding)), c.plain)
	used := indent + severityColumn + between
	cells := []cell{{strings.Repeat(" ", indent), plain}, severity, {"  " + fit(name, max(p.width-used, 20)), plain}}
	if room := p.width - used - widthOf(name) - between; room >= leastTitle && (!verbose || widthOf(title) <= room) {
		p.line(append(cells, cell{"  " + fit(title, room), plain})...)
	} else {
		p.line(cells...)
		p.under(title, used, verbose)
	}
	if verbose {
		p.details(at)
	}
}

// under writes a title below its row: on one line, or on as many as it takes.
func (p *page) under(title string, at int, verbose bool) {
	if title == "" {
		return
	}
	if verbose {
		p.paragraph(at, "", title, faint)
		return
	}
	p.line(cell{strings.Repeat(" ", at) + fit(title, p.width-at), faint})
}

// titleCell is the row's last column: what is wrong, and what is special
// about this row.
func titleCell(at *row) string {
	title := clean(titleOf(at.Finding))
	if isVulnerability(at.Finding) && title == clean(at.Message) {
		title = "" // nobody describes it, and the row says the rest
	}
	if !isComponent(at.Finding) && at.Location.Line > 0 {
		title = fmt.Sprintf("line %d: %s", at.Location.Line, title)
	}
	if len(at.platforms) > 0 {
		title = cleanList(at.platforms, 2, false) + " only: " + title
	}
	if at.waived {
		title = clean(at.Waived.String())
	}
	return title
}

// details is what a person who decides about one row asks next.
func (p *page) details(at *row) {
	f := at.Finding
	var facts []string
	if f.Score > 0 {
		facts = append(facts, fmt.Sprintf("priority %d of 100: %s", f.Score, cleanList(f.Reasons, 8, true)))
	}
	if f.Rating != nil && f.Rating.Vector != "" {
		facts = append(facts, fmt.Sprintf("CVSS %.1f %s by %s", f.Rating.Score, clean(f.Rating.Vector), clean(f.Rating.By)))
	}
	if a := f.Advisory; a != nil {
		if len(a.Aliases) > 0 {
			facts = append(facts, "also "+cleanList(a.Aliases, 12, true))
		}
		if len(a.References) > 0 {
			facts = append(facts, "see "+clean(a.References[0]))
		}
	}
	if at.findings > 1 {
		facts = append(facts, count(at.findings, "finding")+" on this row")
	}
	for _, fact := range facts {
		p.paragraph(indent+severityColumn+between, "", fact, faint)
	}
}

// signalOf tells what is known of exploitation: that it was seen (KEV), and
// how likely it is (EPSS), which is no evidence of it.
func signalOf(f *boltseal.Finding) string {
	if f.Advisory == nil || f.Advisory.KEV == nil && f.Advisory.EPSS == nil {
		return ""
	}
	var kev, epss string
	if f.Advisory.KEV != nil {
		kev = "KEV"
	}
	if e := f.Advisory.EPSS; e != nil {
		epss = percent(e.Score)
	}
	return fmt.Sprintf("%-3s %5s", kev, epss)
}

// percent is a probability with no more digits than it deserves.
func percent(p float64) string {
	switch {
	case p < 0.001:
		return "<0.1%"
	case p < 0.1:
		return fmt.Sprintf("%.1f%%", 100*p)
	}
	return fmt.Sprintf("%.0f%%", 100*p)
}

func ratedBy(f *boltseal.Finding) string {
	if f.Rating == nil {
		return ""
	}
	return clean(f.Rating.By)
}

// cleanList joins names with commas, the first few of them.
func cleanList(names []string, most int, all bool) string {
	out := make([]string, 0, len(names))
	for i, name := range names {
		if i == most && !all {
			out = append(out, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		out = append(out, clean(name))
	}
	return strings.Join(slices.Clip(out), ", ")
}

// shortPURL is a purl without its qualifiers.
func shortPURL(s string) string {
	s, _, _ = strings.Cut(s, "?")
	return s
}
