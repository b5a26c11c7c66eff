package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// Group is a number of open findings that have something in common.
type Group struct {
	Name     string            `json:"name"` // of the check, the advisory or the component
	Worst    boltseal.Severity `json:"worst"`
	Score    int               `json:"score"` // of the worst
	Findings int               `json:"findings"`
	Running  int               `json:"running"` // of those, in images that run
	Fixable  int               `json:"fixable"`
	KEV      int               `json:"kev"`
}

// groupColumns are what findings can be put together by.
var groupColumns = map[string]string{"check": "issue.check_id", "advisory": "issue.advisory", "component": "issue.component"}

// countedWhole is how many open findings of a project are counted anew for
// every question; beyond it, the numbers of the last tally are told.
const countedWhole = 200_000

// Groups puts the open findings that a query is about together by check,
// advisory or component, the worst first. Of the query, Severities, Check,
// Advisory, Component, Fixable, KEV and Running count.
func (d *DB) Groups(ctx context.Context, p *Project, by string, q FindingQuery) (*Page[Group], error) {
	column, ok := groupColumns[by]
	if !ok {
		return nil, fmt.Errorf("group by %.40q: %w: want check, advisory or component", by, ErrInvalid)
	}
	offset := int64(0)
	if q.After != "" {
		var err error
		if offset, err = strconv.ParseInt(q.After, 10, 64); err != nil || offset < 0 || offset > 1_000_000 {
			return nil, fmt.Errorf("page after %.40q: %w", q.After, ErrInvalid)
		}
	}
	page := &Page[Group]{Items: []Group{}, Total: -1}
	err := d.View(ctx, func(tx *Tx) error {
		from, _, err := tx.tallied(ctx, p.ID)
		if err != nil {
			return err
		}
		args := []any{p.ID, p.ID}
		where := []string{column + " <> ''"}
		cond := func(ok bool, clause string, values ...any) {
			if ok {
				where, args = append(where, clause), append(args, values...)
			}
		}
		cond(q.Fixable, "t.fixable > 0")
		cond(q.KEV, "t.kev > 0")
		cond(q.Running, "t.running > 0")
		cond(q.Advisory != "", "issue.advisory = ?", q.Advisory)
		cond(q.Component != "", "issue.component = ?", fold(q.Component))
		cond(strings.HasSuffix(q.Check, "/"), "issue.check_id LIKE ? ESCAPE '!'", like(q.Check)+"%")
		cond(q.Check != "" && !strings.HasSuffix(q.Check, "/"), "issue.check_id = ?", q.Check)
		if len(q.Severities) > 0 {
			var parts []string
			for _, s := range q.Severities {
				parts = append(parts, "t.rank BETWEEN ? AND ?")
				args = append(args, int64(s)*128, int64(s)*128+127)
			}
			where = append(where, "("+strings.Join(parts, " OR ")+")")
		}
		return tx.Each(ctx, func(scan func(...any) error) error {
			var g Group
			var rank int
			err := scan(&g.Name, &rank, &g.Findings, &g.Running, &g.Fixable, &g.KEV)
			g.Worst, g.Score = boltseal.Severity(rank/128), rank%128
			page.Items = append(page.Items, g)
			return err
		}, "SELECT "+column+", MAX(t.rank), CAST(SUM(t.findings) AS BIGINT), CAST(SUM(t.running) AS BIGINT), "+
			"CAST(SUM(t.fixable) AS BIGINT), CAST(SUM(t.kev) AS BIGINT) FROM "+from+
			" AS t JOIN issue ON issue.id = t.issue WHERE "+strings.Join(where, " AND ")+" GROUP BY "+column+" ORDER BY 2 DESC, 3 DESC, 1 LIMIT ? OFFSET ?", append(args, q.limit()+1, offset)...)
	})
	if err != nil {
		return nil, fmt.Errorf("group findings by %s: %w", by, err)
	}
	page.cut(q.PageQuery, func(*Group) string { return strconv.FormatInt(offset+int64(q.limit()), 10) })
	return page, nil
}

// tallyColumns counts a project's open findings by issue: all of them along
// the index, and those that run from the images that do.
const tallyColumns = `SELECT issue, MAX(rank) AS rank, SUM(findings) AS findings, SUM(fixable) AS fixable, SUM(kev) AS kev, SUM(running) AS running FROM (
	SELECT issue, rank, COUNT(*) AS findings, SUM(flags & 1) AS fixable, SUM((flags & 2) / 2) AS kev, 0 AS running
		FROM finding WHERE project = ? AND state < 3 GROUP BY rank, issue
	UNION ALL SELECT finding.issue, finding.rank, 0, 0, 0, COUNT(*)
		FROM image JOIN finding ON finding.image = image.id WHERE image.project = ? AND image.running > 0 AND finding.state < 3 GROUP BY finding.issue, finding.rank
	) AS counted GROUP BY issue`

// tallied is where the numbers of a project's open findings are read from:
// from all of them, or from the last tally where they are very many.
func (t *Tx) tallied(ctx context.Context, project int64) (from string, whole bool, err error) {
	var open int64
	err = t.Get(ctx, []any{&open}, "SELECT COALESCE(SUM(critical + high + medium + low + negligible + unknown), 0) FROM image WHERE project = ? AND "+live, project)
	if err != nil || open <= countedWhole {
		return "(" + tallyColumns + ")", true, err
	}
	return "(SELECT issue, rank, findings, fixable, kev, running FROM tally WHERE project = ? AND project = ?)", false, nil
}

// KeepTally counts the open findings of large projects anew.
func (d *DB) KeepTally(ctx context.Context) error {
	projects, err := d.Projects(ctx)
	if err != nil {
		return err
	}
	for i := range projects {
		if err := d.keepTally(ctx, projects[i].ID); err != nil {
			return fmt.Errorf("tally of %s: %w", projects[i].Name, err)
		}
	}
	return nil
}

func (d *DB) keepTally(ctx context.Context, project int64) error {
	type row struct{ issue, rank, findings, fixable, kev, running int64 }
	var list []row
	err := d.View(ctx, func(tx *Tx) error {
		if _, whole, err := tx.tallied(ctx, project); err != nil || whole {
			return err
		}
		return tx.Each(ctx, func(scan func(...any) error) error {
			var r row
			err := scan(&r.issue, &r.rank, &r.findings, &r.fixable, &r.kev, &r.running)
			list = append(list, r)
			return err
		}, tallyColumns, project, project)
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return d.Update(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM tally WHERE project = ?", project); err != nil {
			return err
		}
		r := rows{tx: tx, insert: "INSERT INTO tally (project, issue, rank, findings, fixable, kev, running) VALUES", after: "ON CONFLICT DO NOTHING", columns: 7}
		for _, x := range list {
			r.add(project, x.issue, x.rank, x.findings, x.fixable, x.kev, x.running)
		}
		return r.flush(ctx)
	})
}
