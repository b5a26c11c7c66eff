package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

// Answer is what the store says to a question, as a table.
type Answer struct {
	Asked   string   `json:"asked"` // the question as it was understood
	Columns []string `json:"columns"`
	Rows    []Row    `json:"rows"`
	Next    string   `json:"next,omitempty"`
}

// Row is a line of an answer.
type Row struct {
	Image   int64    `json:"image"`
	Finding int64    `json:"finding,omitempty"`
	Cells   []string `json:"cells"`
}

// Questions are examples of what [DB.Ask] understands.
func Questions() []string {
	return []string{
		"where is log4j-core < 2.17",
		"where is CVE-2021-44228",
		"running images with kev findings with a fix",
		"images with critical findings in openssl",
		"images named shop/",
		"findings critical fixable running",
		"changed since friday",
		"fixed since 2026-05-01",
	}
}

// Ask answers a question of one of the forms
//
//	where is COMPONENT [OP VERSION]…       images that have it; OP is < <= > >= = !=
//	where is CVE-…                         images with findings of an advisory
//	[running] images [named TEXT] [with FINDINGS]
//	findings FINDINGS
//	changed|new|fixed|reappeared|waived since WHEN
//
// FINDINGS are words: a severity, kev, fixable or "with a fix", running, an
// advisory's id, "in COMPONENT", "check ID". WHEN is a date, a day of the
// week, today, yesterday, or a number of hours, days or weeks.
func (d *DB) Ask(ctx context.Context, p *Project, question string, q PageQuery) (*Answer, error) {
	asked, err := parseQuestion(question, d.opts.Now())
	if err != nil {
		return nil, err
	}
	var a *Answer
	switch {
	case asked.component != "" && asked.where:
		a, err = d.whereIs(ctx, p, asked, q)
	case asked.images:
		a, err = d.askImages(ctx, p, asked, q)
	default:
		a, err = d.askFindings(ctx, p, asked, q)
	}
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	a.Asked = asked.text
	return a, nil
}

// question is what was asked.
type question struct {
	text       string
	where      bool // is a component
	images     bool
	component  string
	conditions []condition
	named      string
	filter     FindingQuery
	any        bool // some word was about findings
}

type condition struct{ op, version string }

var operators = []string{"<", "<=", ">", ">=", "=", "==", "!="}

func parseQuestion(text string, now time.Time) (*question, error) {
	if len(text) > 500 {
		return nil, fmt.Errorf("%w: a question has at most 500 bytes", ErrInvalid)
	}
	words := strings.Fields(clip(strings.TrimRight(strings.TrimSpace(text), "?"), 500))
	q := &question{text: strings.Join(words, " ")}
	if len(words) == 0 {
		return nil, fmt.Errorf("%w: ask something such as: %s", ErrInvalid, strings.Join(Questions(), "; "))
	}
	lower := make([]string, len(words))
	for i, w := range words {
		lower[i] = strings.ToLower(w)
	}
	switch {
	case lower[0] == "where":
		return q, q.parseWhere(words[1:])
	case len(words) == 1 && isAdvisory(words[0]):
		return q, q.parseWhere(words)
	case len(words) >= 3 && lower[1] == "since":
		return q, q.parseSince(lower[0], strings.Join(lower[2:], " "), now)
	case lower[0] == "what" && len(words) >= 4 && lower[2] == "since":
		return q, q.parseSince(lower[1], strings.Join(lower[3:], " "), now)
	}
	return q, q.parseWords(words, lower)
}

func (q *question) parseWhere(words []string) error {
	if len(words) > 0 && strings.EqualFold(words[0], "is") {
		words = words[1:]
	}
	if len(words) == 0 {
		return fmt.Errorf("%w: where is what?", ErrInvalid)
	}
	if isAdvisory(words[0]) {
		q.images, q.filter.Advisory, q.any = true, advisoryID(words[0]), true
		return q.parseWords(words[1:], lowered(words[1:]))
	}
	q.where, q.component = true, words[0]
	for rest := words[1:]; len(rest) > 0; {
		op := rest[0]
		if i := strings.IndexFunc(op, func(r rune) bool { return !strings.ContainsRune("<>=!", r) }); i > 0 { // <2.17
			rest = append([]string{op[:i], op[i:]}, rest[1:]...)
			op = rest[0]
		}
		if !slices.Contains(operators, op) || len(rest) < 2 {
			return fmt.Errorf("%w: after %s comes one of %s and a version", ErrInvalid, q.component, strings.Join(operators, " "))
		}
		q.conditions = append(q.conditions, condition{op, rest[1]})
		rest = rest[2:]
		if len(rest) > 0 && (rest[0] == "and" || rest[0] == ",") {
			rest = rest[1:]
		}
	}
	return nil
}

func lowered(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}

// isAdvisory holds for the id of an advisory: CVE-2021-44228, GHSA-….
func isAdvisory(word string) bool {
	prefix, rest, ok := strings.Cut(strings.ToUpper(word), "-")
	return ok && rest != "" && slices.Contains([]string{"CVE", "GHSA", "DSA", "DLA", "USN", "RHSA", "RHBA", "ELSA", "ALSA", "RLSA", "PYSEC", "GO", "RUSTSEC", "OSV", "MAL", "ALPINE", "DEBIAN", "UBUNTU", "SUSE"}, prefix)
}

func advisoryID(word string) string {
	if prefix, rest, _ := strings.Cut(word, "-"); strings.EqualFold(prefix, "ghsa") {
		return "GHSA-" + strings.ToLower(rest)
	}
	return strings.ToUpper(word)
}

func (q *question) parseWords(words, lower []string) error {
	next := func(i *int, what string) (string, error) {
		*i++
		if *i >= len(words) {
			return "", fmt.Errorf("%w: %s what?", ErrInvalid, what)
		}
		return words[*i], nil
	}
	var err error
	for i := 0; i < len(words) && err == nil; i++ {
		word := lower[i]
		severity, isSeverity := boltseal.ParseSeverity(word)
		switch {
		case word == "which", word == "with", word == "a", word == "and", word == "of", word == "that", word == "have", word == "findings", word == "finding", word == "known", word == "open", word == "the":
		case word == "images", word == "image":
			q.images = true
		case word == "running":
			q.filter.Running = true
		case word == "kev", word == "exploited":
			q.filter.KEV, q.any = true, true
		case word == "fix", word == "fixable", word == "fixes":
			q.filter.Fixable, q.any = true, true
		case word == "named":
			q.named, err = next(&i, "named")
		case word == "in":
			q.filter.Component, err = next(&i, "in")
			q.any = true
		case word == "check":
			q.filter.Check, err = next(&i, "check")
			q.any = true
		case isAdvisory(word):
			q.filter.Advisory, q.any = advisoryID(words[i]), true
		case isSeverity:
			q.filter.Severities, q.any = append(q.filter.Severities, severity), true
		default:
			err = fmt.Errorf("%w: what does %q mean? Ask something such as: %s", ErrInvalid, clip(words[i], 40), strings.Join(Questions(), "; "))
		}
	}
	return err
}

func (q *question) parseSince(what, when string, now time.Time) error {
	switch what {
	case "changed":
		q.filter.States = States()
	case "new", "fixed", "reappeared", "waived":
		var s State
		if err := s.UnmarshalText([]byte(what)); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		q.filter.States = []State{s}
	default:
		return fmt.Errorf("%w: what does %q mean? Want changed, new, fixed, reappeared or waived since", ErrInvalid, clip(what, 40))
	}
	var ok bool
	if q.filter.Since, ok = parseWhen(when, now); !ok {
		return fmt.Errorf("%w: since %q: want a date, a day of the week, today, yesterday, or a number of hours, days or weeks", ErrInvalid, clip(when, 40))
	}
	return nil
}

func parseWhen(when string, now time.Time) (time.Time, bool) {
	now = now.UTC()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	switch when {
	case "today":
		return midnight, true
	case "yesterday":
		return midnight.Add(-day), true
	}
	for d := range 7 {
		if then := midnight.AddDate(0, 0, -d); strings.EqualFold(then.Weekday().String(), when) {
			if d == 0 {
				then = then.AddDate(0, 0, -7)
			}
			return then, true
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02t15:04:05z07:00", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, when); err == nil {
			return t, true
		}
	}
	fields := strings.Fields(strings.TrimSuffix(when, " ago"))
	if len(fields) != 2 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(fields[0])
	unit, ok := map[string]time.Duration{"hour": time.Hour, "day": day, "week": 7 * day}[strings.TrimSuffix(fields[1], "s")]
	if err != nil || !ok || n < 0 || n > 10_000 {
		return time.Time{}, false
	}
	return now.Add(-time.Duration(n) * unit), true
}

// whereIs finds the images that have a component.
func (d *DB) whereIs(ctx context.Context, p *Project, asked *question, q PageQuery) (*Answer, error) {
	a := &Answer{Columns: []string{"image", "digest", "running", "component", "version", "file"}, Rows: []Row{}}
	after := []int64{0, 0, 0}
	if q.After != "" {
		var err error
		if after, err = q.cursor(3); err != nil {
			return nil, err
		}
	}
	type hit struct {
		id   int64
		form boltseal.Component
	}
	var hits []hit
	var last [3]int64
	err := d.View(ctx, func(tx *Tx) error {
		err := tx.Each(ctx, func(scan func(...any) error) error {
			var h hit
			var kind, v string
			var form []byte
			if err := scan(&h.id, &kind, &v, &form); err != nil || h.id < after[0] || !meets(kind, v, asked.conditions) {
				return err
			}
			hits = append(hits, h)
			return json.Unmarshal(form, &hits[len(hits)-1].form)
		}, "SELECT component.id, component.kind, component.version, component.form FROM component_word JOIN component ON component.id = component_word.component WHERE component_word.word = ? ORDER BY component.id", fold(asked.component))
		if err != nil {
			return err
		}
		for _, h := range hits {
			if len(a.Rows) > q.limit() {
				break
			}
			if h.id > after[0] {
				after = []int64{h.id, 0, 0}
			}
			file := ""
			if len(h.form.Locations) > 0 {
				file = h.form.Locations[0].File
			}
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var layer, image int64
				var name, digest string
				var running int
				if err := scan(&layer, &image, &name, &digest, &running); err != nil {
					return err
				}
				if len(a.Rows) == q.limit() {
					a.Next = cursorOf(last[:]...)
				}
				last = [3]int64{h.id, layer, image}
				a.Rows = append(a.Rows, Row{Image: image, Cells: []string{name, digest, strconv.Itoa(running), h.form.Name, h.form.Version, file}})
				return nil
			}, `SELECT DISTINCT component_layer.layer, image_layer.image, image.name, image.digest, image.running FROM component_layer
				JOIN image_layer ON image_layer.layer = component_layer.layer JOIN image ON image.id = image_layer.image
				WHERE component_layer.component = ? AND component_layer.layer >= ? AND (component_layer.layer, image_layer.image) > (?, ?) AND image.project = ? AND `+live+`
				ORDER BY component_layer.layer, image_layer.image LIMIT ?`, h.id, after[1], after[1], after[2], p.ID, q.limit()+1-len(a.Rows))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if len(a.Rows) > q.limit() {
		a.Rows = a.Rows[:q.limit()]
	}
	return a, err
}

// schemes are the orders of versions by the kind of a component's purl.
var schemes = map[string]string{
	"deb": "deb", "rpm": "rpm", "apk": "apk", "alpm": "alpm", "npm": "semver", "pypi": "pep440", "maven": "maven", "golang": "golang", "gem": "gem",
	"cargo": "semver", "nuget": "nuget", "composer": "composer", "pub": "pub", "hex": "semver", "cran": "cran", "hackage": "hackage", "bitnami": "bitnami", "opam": "opam",
}

// meets tells whether a version meets all conditions, in the order of its
// ecosystem. A version that nobody knows meets none.
func meets(kind, v string, conditions []condition) bool {
	if len(conditions) == 0 {
		return true
	}
	name, ok := schemes[kind]
	if !ok {
		name = "generic"
	}
	scheme, ok := version.Lookup(name)
	if !ok || v == "" {
		return false
	}
	for _, c := range conditions {
		n := scheme.Compare(v, c.version)
		if !map[string]bool{"<": n < 0, "<=": n <= 0, ">": n > 0, ">=": n >= 0, "=": n == 0, "==": n == 0, "!=": n != 0}[c.op] {
			return false
		}
	}
	return true
}

// askImages finds images by their findings.
func (d *DB) askImages(ctx context.Context, p *Project, asked *question, q PageQuery) (*Answer, error) {
	if asked.filter.Advisory != "" || asked.filter.Component != "" || asked.filter.Check != "" {
		return d.askFindings(ctx, p, asked, q) // a line each finding: which image, and why
	}
	a := &Answer{Columns: []string{"image", "digest", "running", "critical", "high", "medium", "kev", "fixable", "allowed"}, Rows: []Row{}}
	after, err := q.cursor(2)
	if err != nil {
		return nil, err
	}
	where, args := []string{"image.project = ?", live}, []any{p.ID}
	cond := func(ok bool, clause string, values ...any) {
		if ok {
			where, args = append(where, clause), append(args, values...)
		}
	}
	cond(q.After != "", "(image.risk, image.id) < (?, ?)", after[0], after[1])
	cond(asked.named != "", "image.name LIKE ? ESCAPE '!'", "%"+like(asked.named)+"%")
	f := &asked.filter
	cond(f.Running, "image.running > 0")
	cond(f.KEV, "image.kev > 0")
	cond(f.Fixable, "image.fixable > 0")
	var severities []string
	flags := bit(f.Fixable)*flagFix + bit(f.KEV)*flagKEV
	exists := "EXISTS (SELECT 1 FROM finding WHERE finding.image = image.id AND finding.state < 3 AND finding.flags & ? = ?"
	values := []any{flags, flags}
	for _, s := range f.Severities {
		severities = append(severities, "image."+s.String()+" > 0")
	}
	cond(len(severities) > 0, "("+strings.Join(severities, " OR ")+")")
	if len(f.Severities) > 0 {
		var parts []string
		for _, s := range f.Severities {
			parts = append(parts, "finding.rank / 128 = ?")
			values = append(values, int64(s))
		}
		exists += " AND (" + strings.Join(parts, " OR ") + ")"
	}
	cond(flags != 0 && (len(severities) > 0 || flags == flagFix|flagKEV), exists+")", values...)
	risks := map[int64]int64{}
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var risk int64
			i, err := scanImage(scan, &risk)
			if err != nil {
				return err
			}
			risks[i.ID] = risk
			allowed := "no"
			if i.Allow {
				allowed = "yes"
			}
			a.Rows = append(a.Rows, Row{Image: i.ID, Cells: []string{i.Name, string(i.Digest), strconv.Itoa(i.Running), strconv.Itoa(i.Open.Critical), strconv.Itoa(i.Open.High),
				strconv.Itoa(i.Open.Medium), strconv.Itoa(i.KEV), strconv.Itoa(i.Fixable), allowed}})
			return nil
		}, "SELECT "+imageColumns+", image.risk FROM image WHERE "+strings.Join(where, " AND ")+" ORDER BY image.risk DESC, image.id DESC LIMIT ?", append(args, q.limit()+1)...)
	})
	page := &Page[Row]{Items: a.Rows}
	page.cut(q, func(r *Row) string { return cursorOf(risks[r.Image], r.Image) })
	a.Rows, a.Next = page.Items, page.Next
	return a, err
}

// askFindings finds findings, and tells their images.
func (d *DB) askFindings(ctx context.Context, p *Project, asked *question, q PageQuery) (*Answer, error) {
	f := asked.filter
	f.PageQuery, f.Name = q, asked.named
	page, err := d.Findings(ctx, p, f)
	if err != nil {
		return nil, err
	}
	a := &Answer{Columns: []string{"image", "severity", "state", "changed", "what", "component", "version", "fixed in", "running"}, Rows: []Row{}, Next: page.Next}
	for i := range page.Items {
		x := &page.Items[i]
		what, component, v := x.Check, "", ""
		if x.Advisory != nil {
			what = x.Advisory.ID
		}
		if x.Component != nil {
			component, v = x.Component.Name, x.Component.Version
		}
		a.Rows = append(a.Rows, Row{Image: x.Image, Finding: x.ID, Cells: []string{x.Subject.Name, x.Severity.String(), x.State.String(), x.Changed.Format(time.RFC3339), what, component, v,
			strings.Join(x.FixedIn, ", "), strconv.Itoa(x.Running)}})
	}
	return a, nil
}
