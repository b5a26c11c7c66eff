package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/boltseal/boltseal"
)

// Overview is a project in numbers: the five that the container security
// guides ask to be watched, and what they are made of.
type Overview struct {
	Time     time.Time `json:"time"`
	Open     Counts    `json:"open"` // findings of images that are current or run
	Fixable  int       `json:"fixable"`
	KEV      int       `json:"kev"`
	Waived   int       `json:"waived"`
	Images   int       `json:"images"`
	Allowed  int       `json:"allowed"`
	Running  int       `json:"running"`  // images that run
	Gaps     int       `json:"gaps"`     // images with something that could not be looked at
	Score    int       `json:"score"`    // mean of the audits' scores, -1 without any
	Scored   int       `json:"scored"`   // images with a score
	Alerts   Counts    `json:"alerts"`   // of the last 24 hours
	Age      Age       `json:"age"`      // of images, by when they were built
	Coverage Coverage  `json:"coverage"` // how much of what runs is known
}

// Age is how long ago images were built, in days.
type Age struct {
	Known  int `json:"known"` // images of which it is known
	Mean   int `json:"mean"`
	Oldest int `json:"oldest"`
	Over30 int `json:"over30"`
	Over90 int `json:"over90"`
}

// Coverage is how much was looked at. With nothing to look at it says
// nothing.
type Coverage struct {
	Workloads int `json:"workloads"` // containers that run
	Scanned   int `json:"scanned"`   // of those, with a report about their image
	Fresh     int `json:"fresh"`     // images with a report of the last 7 days
}

const day = 24 * time.Hour

// Overview sums up a project.
func (d *DB) Overview(ctx context.Context, p *Project) (*Overview, error) {
	o := &Overview{}
	err := d.View(ctx, func(tx *Tx) error { return tx.overview(ctx, p.ID, d.opts.Now(), o) })
	if err != nil {
		return nil, fmt.Errorf("overview of %s: %w", p.Name, err)
	}
	return o, nil
}

func (t *Tx) overview(ctx context.Context, project int64, now time.Time, o *Overview) error {
	o.Time = now.UTC().Truncate(time.Millisecond)
	ms := now.UnixMilli()
	var ageSum, scoreSum, oldest int64
	err := t.Get(ctx, []any{&o.Images, &o.Allowed, &o.Running, &o.Gaps, &o.Open.Critical, &o.Open.High, &o.Open.Medium, &o.Open.Low, &o.Open.Negligible, &o.Open.Unknown,
		&o.Fixable, &o.KEV, &o.Waived, &o.Scored, &scoreSum, &o.Age.Known, &ageSum, &oldest, &o.Age.Over30, &o.Age.Over90, &o.Coverage.Fresh},
		`SELECT COUNT(*), COALESCE(SUM(allow), 0), COALESCE(SUM(CASE WHEN running > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN gaps > 0 THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(critical), 0), COALESCE(SUM(high), 0), COALESCE(SUM(medium), 0), COALESCE(SUM(low), 0), COALESCE(SUM(negligible), 0), COALESCE(SUM(unknown), 0),
		COALESCE(SUM(fixable), 0), COALESCE(SUM(kev), 0), COALESCE(SUM(waived), 0),
		COALESCE(SUM(CASE WHEN score >= 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN score >= 0 THEN score ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN created > 0 THEN 1 ELSE 0 END), 0), COALESCE(CAST(SUM(CASE WHEN created > 0 THEN (CAST(? AS BIGINT) - created) / 86400000 ELSE 0 END) AS BIGINT), 0), COALESCE(MIN(CASE WHEN created > 0 THEN created END), 0),
		COALESCE(SUM(CASE WHEN created > 0 AND created < CAST(? AS BIGINT) THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN created > 0 AND created < CAST(? AS BIGINT) THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN reported >= CAST(? AS BIGINT) THEN 1 ELSE 0 END), 0)
		FROM image WHERE project = ? AND `+live, ms, now.Add(-30*day).UnixMilli(), now.Add(-90*day).UnixMilli(), now.Add(-7*day).UnixMilli(), project)
	if err != nil {
		return err
	}
	o.Score = -1
	if o.Scored > 0 {
		o.Score = int(scoreSum) / o.Scored
	}
	if o.Age.Known > 0 {
		o.Age.Mean = int(ageSum) / o.Age.Known
		o.Age.Oldest = int((ms - oldest) / day.Milliseconds())
	}
	err = t.Get(ctx, []any{&o.Coverage.Workloads, &o.Coverage.Scanned}, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN digest <> '' AND EXISTS
		(SELECT 1 FROM image WHERE +image.project = workload.project AND image.digest = workload.digest AND image.report > 0) THEN 1 ELSE 0 END), 0)
		FROM workload WHERE project = ?`, project)
	if err != nil {
		return err
	}
	return t.Each(ctx, func(scan func(...any) error) error {
		var severity boltseal.Severity
		var n int
		if err := scan(&severity, &n); err != nil {
			return err
		}
		o.Alerts.add(severity, n)
		return nil
	}, "SELECT severity, COUNT(*) FROM alert WHERE project = ? AND at > ? GROUP BY severity", project, now.Add(-day).UnixMilli())
}

// Day is a project on one day: the overview as it was last that day.
type Day struct {
	Day string `json:"day"` // 2006-01-02, UTC
	Overview
}

// Trend lists the days from one day to another, both included, that there is
// something of. Today is as it is now.
func (d *DB) Trend(ctx context.Context, p *Project, from, to time.Time) ([]Day, error) {
	list := []Day{}
	today := dayOf(d.opts.Now())
	err := d.View(ctx, func(tx *Tx) error {
		err := tx.Each(ctx, func(scan func(...any) error) error {
			var number int64
			var body []byte
			if err := scan(&number, &body); err != nil {
				return err
			}
			x := Day{Day: time.UnixMilli(number * day.Milliseconds()).UTC().Format(time.DateOnly)}
			list = append(list, x)
			return json.Unmarshal(body, &list[len(list)-1].Overview)
		}, "SELECT day, body FROM trend WHERE project = ? AND day BETWEEN ? AND ? AND day <> ? ORDER BY day", p.ID, dayOf(from), dayOf(to), today)
		if err != nil || dayOf(to) < today || dayOf(from) > today {
			return err
		}
		x := Day{Day: d.opts.Now().UTC().Format(time.DateOnly)}
		if err := tx.overview(ctx, p.ID, d.opts.Now(), &x.Overview); err != nil {
			return err
		}
		list = append(list, x)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("trend of %s: %w", p.Name, err)
	}
	return list, nil
}

func dayOf(t time.Time) int64 { return t.UnixMilli() / day.Milliseconds() }

// KeepTrend writes down how every project stands today. It may be called as
// often as one likes: the last call of a day counts.
func (d *DB) KeepTrend(ctx context.Context) error {
	projects, err := d.Projects(ctx)
	if err != nil {
		return err
	}
	for i := range projects {
		var o Overview
		p := &projects[i]
		if err := d.View(ctx, func(tx *Tx) error { return tx.overview(ctx, p.ID, d.opts.Now(), &o) }); err != nil {
			return fmt.Errorf("trend of %s: %w", p.Name, err)
		}
		body, err := json.Marshal(&o)
		if err != nil {
			return fmt.Errorf("trend of %s: %w", p.Name, err)
		}
		err = d.Update(ctx, func(tx *Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO trend (project, day, body) VALUES (?, ?, ?) ON CONFLICT (project, day) DO UPDATE SET body = excluded.body", p.ID, dayOf(o.Time), body)
			return err
		})
		if err != nil {
			return fmt.Errorf("trend of %s: %w", p.Name, err)
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
