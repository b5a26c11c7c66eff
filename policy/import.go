package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"github.com/boltseal/boltseal"
)

// ImportOptions says what the files of other tools leave open.
type ImportOptions struct {
	// Reason, Owner and Expires are for the entries that have none.
	Reason  string
	Owner   string
	Expires time.Time

	// Now is the moment of the import: entries that ended before it are not
	// imported. The zero time imports them all.
	Now time.Time

	// Checks are those that there are. An entry that names a check of its
	// tool to which none of them answers cannot be imported. Without checks
	// every name is believed.
	Checks []boltseal.Check

	// Rename gives the names of advisories here for those that a file uses.
	Rename map[string]string
}

// Problem is what an import could not carry over as the file means it.
type Problem struct {
	Line int    // in the file, from 1; 0 is about all of it
	What string // the entry, as the file names it
	Why  string
	Lost bool // nothing was imported; otherwise there is a waiver, and Why says how it differs
}

// String is the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.What != "" {
		b.WriteString(p.What + ": ")
	}
	b.WriteString(p.Why)
	if p.Lost {
		b.WriteString(" (not imported)")
	}
	return b.String()
}

// ErrIncomplete is what an import ends with when entries lack something that
// every waiver needs, and the options do not say it for them.
var ErrIncomplete = errors.New("a waiver needs a reason, an owner and a date")

// maxImport is how many waivers one file may become.
const maxImport = 10_000

// format is one kind of file that can be imported.
type format struct {
	names []string // of files
	read  func(*importer, []byte) error
}

// formats are the kinds by name.
var formats = map[string]format{
	"trivyignore":      {[]string{".trivyignore"}, (*importer).trivyPlain},
	"trivyignore-yaml": {[]string{".trivyignore.yaml", ".trivyignore.yml"}, (*importer).trivyYAML},
	"snyk":             {[]string{".snyk"}, (*importer).snyk},
	"grype":            {[]string{".grype.yaml", ".grype.yml"}, (*importer).grype},
	"hadolint":         {[]string{".hadolint.yaml", ".hadolint.yml"}, (*importer).hadolint},
	"gitleaksignore":   {[]string{".gitleaksignore"}, (*importer).gitleaks},
}

// ImportKinds lists the kinds of file that [Import] reads.
func ImportKinds() []string { return slices.Sorted(maps.Keys(formats)) }

// ImportKind tells the kind of a file by its name, or "" for others.
func ImportKind(name string) string {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	for _, kind := range ImportKinds() {
		if slices.Contains(formats[kind].names, base) {
			return kind
		}
	}
	return ""
}

// Import reads what another tool was told to ignore. The kind is one of
// [ImportKinds], or "" for what the name says. Every waiver has a reason, an
// owner and a date, and accepts no finding that the entry does not, unless a
// problem says so. What a waiver cannot express is a problem, and never left
// out in silence.
func Import(kind, name string, data []byte, opts *ImportOptions) ([]boltseal.Waiver, []Problem, error) {
	if kind == "" {
		kind = ImportKind(name)
	}
	f, ok := formats[kind]
	if !ok {
		return nil, nil, fmt.Errorf("import %s: kind %q is none of %s", name, clip(kind), strings.Join(ImportKinds(), ", "))
	}
	im := &importer{name: name, seen: map[boltseal.Waiver]bool{}}
	if opts != nil {
		im.opts = *opts
	}
	for _, c := range im.opts.Checks {
		for _, alias := range c.Aliases {
			if im.aliases == nil {
				im.aliases = map[string]bool{}
			}
			im.aliases[alias] = true
		}
	}
	err := check(data)
	if err == nil {
		err = f.read(im, data)
	}
	if err != nil {
		return nil, im.problems, fmt.Errorf("import %s:%w", name, err)
	}
	slices.SortStableFunc(im.problems, func(a, b Problem) int { return a.Line - b.Line })
	if err := im.incomplete(); err != nil {
		return nil, im.problems, fmt.Errorf("import %s: %w", name, err)
	}
	return im.waivers, im.problems, nil
}

type importer struct {
	name     string
	opts     ImportOptions
	aliases  map[string]bool // of the checks there are
	waivers  []boltseal.Waiver
	seen     map[boltseal.Waiver]bool
	problems []Problem
	lacking  [3][]int // lines without reason, owner, date
}

func (im *importer) lost(line int, what, why string) {
	im.problems = append(im.problems, Problem{Line: line, What: clip(oneLine(what)), Why: oneLine(why), Lost: true})
}

func (im *importer) differs(line int, what, why string) {
	im.problems = append(im.problems, Problem{Line: line, What: clip(oneLine(what)), Why: oneLine(why)})
}

// add completes a waiver and keeps it. Of two for the same the first one's
// reason stays.
func (im *importer) add(line int, w boltseal.Waiver) error {
	if !w.Expires.IsZero() && !im.opts.Now.IsZero() && im.opts.Now.After(w.Expires) {
		im.lost(line, what(w), "it ended on "+w.Expires.Format(time.DateOnly))
		return nil
	}
	w.Source = im.name
	if w.Reason = oneLine(w.Reason); w.Reason == "" {
		w.Reason = oneLine(im.opts.Reason)
	}
	if w.Owner = oneLine(w.Owner); w.Owner == "" {
		w.Owner = oneLine(im.opts.Owner)
	}
	if w.Expires.IsZero() {
		w.Expires = im.opts.Expires
	}
	for i, lacks := range []bool{w.Reason == "", w.Owner == "", w.Expires.IsZero()} {
		if lacks && !slices.Contains(im.lacking[i], line) {
			im.lacking[i] = append(im.lacking[i], line)
		}
	}
	same := w
	if same.Reason = ""; im.seen[same] {
		return nil
	}
	if len(im.waivers) == maxImport {
		return fmt.Errorf("%d:1: more than %d waivers", line, maxImport)
	}
	im.seen[same] = true
	im.waivers = append(im.waivers, w)
	return nil
}

func (im *importer) incomplete() error {
	var parts []string
	for i, noun := range []string{"reason", "owner", "date"} {
		if lines := im.lacking[i]; len(lines) > 0 {
			shown := make([]string, 0, 5)
			for _, line := range lines[:min(len(lines), 4)] {
				shown = append(shown, strconv.Itoa(line))
			}
			if more := len(lines) - len(shown); more > 0 {
				shown = append(shown, fmt.Sprintf("and %d more", more))
			}
			parts = append(parts, fmt.Sprintf("no %s at line %s", noun, strings.Join(shown, ", ")))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrIncomplete, strings.Join(parts, "; "))
}

// advisory is the name of an advisory as advisories here spell it.
func (im *importer) advisory(id string) string {
	if to, ok := im.opts.Rename[id]; ok {
		id = to
	}
	switch upper := strings.ToUpper(id); {
	case strings.HasPrefix(upper, "CVE-"):
		return upper
	case strings.HasPrefix(upper, "GHSA-"):
		return "GHSA-" + strings.ToLower(id[len("GHSA-"):])
	}
	return id
}

// isAdvisory tells the names of advisories from those of checks, of secrets
// and of licences.
var isAdvisory = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:CVE|GHSA|DSA|DLA|DTSA|TEMP|USN|LSN|ALAS[0-9A-Z]*|ALSA|ALBA|ALEA|ELSA|RHSA|RHBA|RHEA|RLSA|RXSA|MGASA|CGA|GO|PYSEC|RUSTSEC|GMS|MAL|OSV|BIT|PSF|HSEC|RSEC|JLSEC|NSWG-ECO)-[0-9A-Za-z]` +
		`|^[A-Za-z][A-Za-z0-9-]*-(19|20)[0-9][0-9][-:][0-9]`)
})

// known is the first of the names that a check answers to, written as waivers
// write another tool's names.
func (im *importer) known(tool string, names ...string) (string, bool) {
	for _, name := range names {
		if alias := tool + ":" + name; im.aliases[alias] {
			return alias, true
		}
	}
	return tool + ":" + names[len(names)-1], im.opts.Checks == nil
}

// unnamable says why a word cannot be part of a waiver as it stands, or "".
func unnamable(word string) string {
	switch {
	case word == "":
		return "there is no name"
	case len(word) > 512:
		return "the name is too long"
	case strings.Contains(word, "*"):
		return "a * would match other names too"
	case strings.ContainsFunc(word, func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return "the name has blanks or unprintable characters"
	}
	return ""
}

// paths turns a pattern of the doublestar kind, as trivy and grype use it,
// into patterns of waivers. It fails where those have no words for it.
func paths(pattern string) ([]string, bool) {
	out, ok := braces(pattern, 0)
	for _, p := range out {
		if p == "" || strings.ContainsAny(p, `?[]{}\`) || oneLine(p) != p {
			return nil, false
		}
	}
	return out, ok
}

// braces writes out {a,b}: at most 64 ways.
func braces(pattern string, depth int) ([]string, bool) {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}, true
	}
	var choices []string
	level, from, end := 0, open+1, -1
	for i := open; i < len(pattern) && end < 0; i++ {
		switch c := pattern[i]; {
		case c == '{':
			level++
		case c == ',' && level == 1:
			choices, from = append(choices, pattern[from:i]), i+1
		case c == '}':
			if level--; level == 0 {
				choices, end = append(choices, pattern[from:i]), i+1
			}
		}
	}
	if end < 0 || depth > 8 || len(choices) > 64 {
		return nil, false
	}
	var out []string
	for _, choice := range choices {
		more, ok := braces(pattern[:open]+choice+pattern[end:], depth+1)
		if out = append(out, more...); !ok || len(out) > 64 {
			return nil, false
		}
	}
	return out, true
}

// dayOf reads a date, or the date of a moment, as the end of that day.
func dayOf(word string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(layout, word); err == nil && t.Year() >= 1970 && t.Year() < 9999 {
			return t.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(-time.Second), true
		}
	}
	return time.Time{}, false
}

// oneLine brings a text into one line that can be printed.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:999]) + "…"
	}
	return s
}

// field is one entry of a mapping.
type field struct {
	name  string
	value ast.Node
	line  int
}

// fields are the entries of a mapping, in order.
func fields(n ast.Node) ([]field, error) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		if isNull(n) {
			return nil, nil
		}
		return nil, at(n, errors.New("want keys and values"))
	}
	out := make([]field, len(pairs))
	for i, p := range pairs {
		out[i] = field{p.Key.GetToken().Value, p.Value, lineOf(p)}
	}
	return out, nil
}

// empty tells whether a value says nothing.
func empty(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return len(n.Values) == 0
	case *ast.SequenceNode:
		return len(n.Values) == 0
	case *ast.BoolNode:
		return !n.Value
	case *ast.StringNode:
		return n.Value == ""
	}
	return isNull(n)
}
