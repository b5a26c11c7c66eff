package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Finding is a finding of an image, with its life. The advisory has no more
// words than fit a list; [DB.Finding] has them all.
type Finding struct {
	ID        int64     `json:"id"`
	Image     int64     `json:"image"`
	State     State     `json:"state"`
	FirstSeen time.Time `json:"firstSeen"`
	Changed   time.Time `json:"changed"`
	Running   int       `json:"running"` // workloads that run the image
	Waiver    int64     `json:"waiver,omitempty"`
	boltseal.Finding
}

// FindingQuery says which findings. Its zero value is all that are open.
type FindingQuery struct {
	PageQuery
	States     []State             // nil: open ones
	Severities []boltseal.Severity // nil: all
	Image      int64
	Name       string    // part of the image's name
	Check      string    // by its id; ending in / a family
	Advisory   string    // by its id
	Component  string    // by its name
	Fixable    bool      // there is a version that fixes it
	KEV        bool      // known to be exploited
	Running    bool      // in an image that runs
	Since      time.Time // whose state changed after; the newest first
}

// findingRow is where a finding lies in the list.
type findingRow struct {
	Finding
	rank, issue int64
}

// Findings lists findings, the worst first.
func (d *DB) Findings(ctx context.Context, p *Project, q FindingQuery) (*Page[Finding], error) {
	after, err := q.cursor(3)
	if err != nil {
		return nil, err
	}
	if q.After != "" && q.Since.IsZero() && (after[0] < 0 || after[0] > 1000) {
		return nil, fmt.Errorf("page after %.40q: %w", q.After, ErrInvalid)
	}
	page := &Page[Finding]{Items: []Finding{}, Total: -1}
	var list []findingRow
	err = d.View(ctx, func(tx *Tx) error {
		issues, narrowed, err := tx.issues(ctx, &q)
		if err != nil || narrowed && len(issues) == 0 {
			return err
		}
		list, err = tx.findings(ctx, p, &q, issues, after)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	rows := &Page[findingRow]{Items: list}
	rows.cut(q.PageQuery, func(f *findingRow) string {
		if !q.Since.IsZero() {
			return cursorOf(stamp(f.Changed), 0, f.ID)
		}
		return cursorOf(f.rank, f.issue, f.ID)
	})
	page.Next = rows.Next
	for i := range rows.Items {
		page.Items = append(page.Items, rows.Items[i].Finding)
	}
	return page, nil
}

// issueRow is an issue that a query is about. All findings of one issue have
// one rank.
type issueRow struct{ id, rank int64 }

// maxIssues bounds how many issues one question may come down to.
const maxIssues = 20_000

// issues finds the issues that the query is about. narrowed is false when
// it is about all.
func (t *Tx) issues(ctx context.Context, q *FindingQuery) (list []issueRow, narrowed bool, err error) {
	var where []string
	var args []any
	if q.Advisory != "" {
		where, args = append(where, "advisory = ?"), append(args, q.Advisory)
	}
	if q.Component != "" {
		where, args = append(where, "component = ?"), append(args, fold(q.Component))
	}
	switch {
	case strings.HasSuffix(q.Check, "/"):
		where, args = append(where, "check_id LIKE ? ESCAPE '!'"), append(args, like(q.Check)+"%")
	case q.Check != "":
		where, args = append(where, "check_id = ?"), append(args, q.Check)
	}
	if len(where) == 0 {
		return nil, false, nil
	}
	err = t.Each(ctx, func(scan func(...any) error) error {
		var i issueRow
		err := scan(&i.id, &i.rank)
		list = append(list, i)
		return err
	}, "SELECT id, rank FROM issue WHERE "+strings.Join(where, " AND ")+" ORDER BY rank DESC, id DESC LIMIT ?", append(args, maxIssues+1)...)
	if err == nil && len(list) > maxIssues {
		err = fmt.Errorf("%w: more than %d kinds of finding; ask for less", ErrInvalid, maxIssues)
	}
	return list, true, err
}

const findingColumns = "finding.id, finding.image, finding.key, finding.issue, finding.rank, finding.flags, finding.state, finding.first_seen, finding.changed, finding.waiver, " +
	"issue.body, image.name, image.platform, image.digest, image.running"

// findings reads one page. Where it is about few issues, they are asked one
// by one in the order of the list: each is a walk along the index that ends
// with the page, and nothing is sorted.
func (t *Tx) findings(ctx context.Context, p *Project, q *FindingQuery, issues []issueRow, after []int64) ([]findingRow, error) {
	var list []findingRow
	var err error
	if len(issues) == 0 || q.States != nil || !q.Since.IsZero() || q.Image != 0 {
		list, err = t.findingRows(ctx, p, q, issues, nil, after, q.limit()+1)
	}
	for i := range issues {
		if q.States != nil || !q.Since.IsZero() || q.Image != 0 || err != nil || len(list) > q.limit() {
			break
		}
		x := &issues[i]
		if q.After != "" && (x.rank > after[0] || x.rank == after[0] && x.id > after[1]) {
			continue // on a page before
		}
		var more []findingRow
		more, err = t.findingRows(ctx, p, q, nil, x, after, q.limit()+1-len(list))
		list = append(list, more...)
	}
	if err != nil {
		return nil, err
	}
	var advisories []string
	for i := range list {
		if a := list[i].Advisory; a != nil {
			advisories = append(advisories, a.ID)
		}
	}
	return list, t.brief(ctx, list, advisories)
}

func (t *Tx) findingRows(ctx context.Context, p *Project, q *FindingQuery, issues []issueRow, only *issueRow, after []int64, limit int) ([]findingRow, error) {
	where, args := []string{"finding.project = ?"}, []any{p.ID}
	cond := func(ok bool, clause string, values ...any) {
		if ok {
			where, args = append(where, clause), append(args, values...)
		}
	}
	cond(q.States == nil, "finding.state < 3")
	cond(q.Image != 0, "finding.image = ?", q.Image)
	cond(q.Fixable, "finding.flags & 1 <> 0")
	cond(q.KEV, "finding.flags & 2 <> 0")
	cond(q.Running, "image.running > 0")
	cond(q.Name != "", "image.name LIKE ? ESCAPE '!'", "%"+like(q.Name)+"%")
	if len(issues) > 0 {
		ids := make([]int64, len(issues))
		for i := range issues {
			ids[i] = issues[i].id
		}
		cond(true, t.db.list("finding.issue"), t.db.listArg(ids))
	}
	if only != nil {
		cond(true, "finding.rank = ? AND finding.issue = ?", only.rank, only.id)
	}
	if q.States != nil {
		var marks []string
		for _, s := range q.States {
			marks = append(marks, "?")
			args = append(args, int64(s))
		}
		where = append(where, "finding.state IN ("+strings.Join(marks, ",")+")")
	}
	if len(q.Severities) > 0 {
		var parts []string
		for _, s := range q.Severities {
			parts = append(parts, "finding.rank BETWEEN ? AND ?")
			args = append(args, int64(s)*128, int64(s)*128+127)
		}
		where = append(where, "("+strings.Join(parts, " OR ")+")")
	}
	order := "finding.rank DESC, finding.issue DESC, finding.id DESC"
	if q.Since.IsZero() {
		cond(q.After != "", "(finding.rank, finding.issue, finding.id) < (?, ?, ?)", after[0], after[1], after[2])
	} else {
		order = "finding.changed DESC, finding.id DESC"
		cond(true, "finding.changed > ?", q.Since.UnixMilli())
		cond(q.After != "", "(finding.changed, finding.id) < (?, ?)", after[0], after[2])
	}
	var list []findingRow
	err := t.Each(ctx, func(scan func(...any) error) error {
		f, err := scanFinding(scan)
		list = append(list, f)
		return err
	}, "SELECT "+findingColumns+" FROM finding JOIN issue ON issue.id = finding.issue JOIN image ON image.id = finding.image WHERE "+
		strings.Join(where, " AND ")+" ORDER BY "+order+" LIMIT ?", append(args, limit)...)
	return list, err
}

func scanFinding(scan func(...any) error) (findingRow, error) {
	var f findingRow
	var key, body []byte
	var flags, state, first, changed int64
	var subject boltseal.Subject
	if err := scan(&f.ID, &f.Image, &key, &f.issue, &f.rank, &flags, &state, &first, &changed, &f.Waiver, &body, &subject.Name, &subject.Platform, &subject.Digest, &f.Running); err != nil {
		return f, err
	}
	if err := json.Unmarshal(body, &f.Finding.Finding); err != nil {
		return f, fmt.Errorf("issue %d: %w", f.issue, err)
	}
	f.State, f.FirstSeen, f.Changed = State(state), moment(first), moment(changed)
	f.Key, f.Subject = hex.EncodeToString(key), subject
	return f, nil
}

// brief adds what a list says of advisories: aliases, summary, EPSS, KEV.
func (t *Tx) brief(ctx context.Context, list []findingRow, names []string) error {
	slices.Sort(names)
	names = slices.Compact(names)
	known := map[string]*boltseal.Advisory{}
	for part := range slices.Chunk(names, 64) {
		args := make([]any, 64)
		for i := range args {
			args[i] = part[min(i, len(part)-1)]
		}
		err := t.Each(ctx, func(scan func(...any) error) error {
			var id string
			var body []byte
			if err := scan(&id, &body); err != nil {
				return err
			}
			a := &boltseal.Advisory{}
			known[id] = a
			return json.Unmarshal(body, a)
		}, "SELECT id, body FROM advisory WHERE id IN ("+strings.TrimSuffix(strings.Repeat("?,", 64), ",")+")", args...)
		if err != nil {
			return err
		}
	}
	for i := range list {
		if a := list[i].Advisory; a != nil && known[a.ID] != nil {
			list[i].Advisory = known[a.ID]
		}
	}
	return nil
}

// Finding gives one finding with all that its image's newest report says of
// it: evidence, places, fixes, the advisory's words.
func (d *DB) Finding(ctx context.Context, p *Project, id int64) (*Finding, error) {
	var f findingRow
	err := d.View(ctx, func(tx *Tx) error {
		found := false
		err := tx.Each(ctx, func(scan func(...any) error) (err error) {
			found = true
			f, err = scanFinding(scan)
			return err
		}, "SELECT "+findingColumns+" FROM finding JOIN issue ON issue.id = finding.issue JOIN image ON image.id = finding.image WHERE finding.id = ? AND finding.project = ?", id, p.ID)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		return tx.whole(ctx, &f)
	})
	if err != nil {
		return nil, fmt.Errorf("finding %d: %w", id, err)
	}
	return &f.Finding, nil
}

// whole takes a finding from the newest report where it is still there. What
// a re-match found is in no report, and has the words of its advisory.
func (t *Tx) whole(ctx context.Context, f *findingRow) error {
	var digest []byte
	if err := t.Get(ctx, []any{&digest}, "SELECT report.digest FROM image JOIN report ON report.id = image.report WHERE image.id = ?", f.Image); err != nil {
		return err
	}
	r, err := t.putTogether(ctx, digest)
	if err != nil {
		return err
	}
	for i := range r.Findings {
		if r.Findings[i].Key == f.Key {
			f.Finding.Finding = r.Findings[i]
			return nil
		}
	}
	if f.Advisory == nil {
		return nil
	}
	var chunk, body []byte
	err = t.Get(ctx, []any{&chunk, &body}, "SELECT chunk, body FROM advisory WHERE id = ?", f.Advisory.ID)
	if err != nil {
		return ignoreMissing(err)
	}
	a, err := t.advisoryWords(ctx, chunk)
	if err != nil {
		return ignoreMissing(err)
	}
	var brief boltseal.Advisory
	if err := json.Unmarshal(body, &brief); err != nil {
		return fmt.Errorf("advisory %s: %w", f.Advisory.ID, err)
	}
	a.EPSS, a.KEV = brief.EPSS, brief.KEV
	f.Advisory = a
	return nil
}

// Event is a change of a finding's state.
type Event struct {
	ID      int64     `json:"id"`
	Finding int64     `json:"finding"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	From    State     `json:"from"`
	To      State     `json:"to"`
	Why     string    `json:"why,omitempty"`
}

// Events lists what happened to a finding after it was first seen, oldest
// first.
func (d *DB) Events(ctx context.Context, p *Project, finding int64) ([]Event, error) {
	list := []Event{}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var e Event
			var at, was, now int64
			err := scan(&e.ID, &e.Finding, &at, &e.Who, &was, &now, &e.Why)
			e.At, e.From, e.To = moment(at), State(was), State(now)
			list = append(list, e)
			return err
		}, "SELECT id, finding, at, who, was, now, why FROM finding_event WHERE finding = ? AND project = ? ORDER BY id", finding, p.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("events of finding %d: %w", finding, err)
	}
	return list, nil
}
