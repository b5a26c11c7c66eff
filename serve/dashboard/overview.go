package dashboard

import (
	"net/http"
	"strconv"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// projects leads to the one project that somebody has to do with, or lists
// them.
func (d *dashboard) projects(v *visit) error {
	all, err := d.DB().Projects(v.r.Context())
	if err != nil {
		return err
	}
	who := serve.Who(v.r.Context())
	var mine []store.Project
	for _, p := range all {
		if who.In(p.Name) != serve.NoRole {
			mine = append(mine, p)
		}
	}
	if len(mine) == 1 && !v.r.URL.Query().Has("all") {
		return v.back((&frame{Project: mine[0].Name}).In())
	}
	return v.show(http.StatusOK, "projects", "Projects", mine)
}

// summary is the overview's page: five numbers, five panels.
type summary struct {
	store.Overview
	Days     int
	Trend    []store.Day
	Chart    chart
	Fixing   chart
	Was      *store.Overview // on the first of the days
	Worst    []store.Image
	Latest   []store.Alert
	Exposed  []store.Group // what to mend first
	Denied   int
	Stale    int // images without a report of the last 7 days
	Coverage int // percent, -1 with nothing that runs
}

// chart is what a script draws of the trend; the page has the same numbers in
// a table.
type chart struct {
	Days   []int64  `json:"days"` // seconds
	Series []series `json:"series"`
}

type series struct {
	Name   string `json:"name"`
	Colour string `json:"colour"` // a custom property of the style
	Values []int  `json:"values"`
}

func (d *dashboard) overview(v *visit) error {
	ctx := v.r.Context()
	s := &summary{Days: 30}
	if n, err := strconv.Atoi(v.r.URL.Query().Get("days")); err == nil && n >= 1 && n <= 730 {
		s.Days = n
	}
	var err error
	if s.Trend, err = d.DB().Trend(ctx, v.p, v.Now().AddDate(0, 0, 1-s.Days), v.Now()); err != nil {
		return err
	}
	if n := len(s.Trend); n > 0 {
		s.Overview = s.Trend[n-1].Overview // today's
	}
	if len(s.Trend) > 1 {
		s.Was = &s.Trend[0].Overview
	}
	s.Chart, s.Fixing = severityChart(s.Trend), fixingChart(s.Trend)
	s.Denied = s.Images - s.Allowed
	s.Stale = s.Images - s.Overview.Coverage.Fresh
	s.Coverage = -1
	if c := s.Overview.Coverage; c.Workloads > 0 {
		s.Coverage = percent(c.Scanned, c.Workloads)
	}
	images, err := d.DB().Images(ctx, v.p, store.ImageQuery{PageQuery: store.PageQuery{Limit: 8}})
	if err != nil {
		return err
	}
	s.Worst = images.Items
	alerts, err := d.DB().Alerts(ctx, v.p, store.AlertQuery{PageQuery: store.PageQuery{Limit: 6}})
	if err != nil {
		return err
	}
	s.Latest = alerts.Items
	groups, err := d.DB().Groups(ctx, v.p, "component", store.FindingQuery{PageQuery: store.PageQuery{Limit: 6}, Fixable: true})
	if err != nil {
		return err
	}
	s.Exposed = groups.Items
	return v.show(http.StatusOK, "overview", "Overview", s)
}

func severityChart(days []store.Day) chart {
	c := newChart(days)
	for _, sev := range severities()[:4] {
		c.Series = append(c.Series, pick(days, sev.String(), "--"+sev.String(), func(o *store.Overview) int { return o.Open.Of(sev) }))
	}
	return c
}

func fixingChart(days []store.Day) chart {
	c := newChart(days)
	c.Series = []series{
		pick(days, "open", "--high", func(o *store.Overview) int { return o.Open.Total() }),
		pick(days, "with a fix", "--accent", func(o *store.Overview) int { return o.Fixable }),
		pick(days, "waived", "--negligible", func(o *store.Overview) int { return o.Waived }),
	}
	return c
}

func newChart(days []store.Day) chart {
	c := chart{Days: make([]int64, len(days))}
	for i := range days {
		c.Days[i] = days[i].Time.Unix() / 86400 * 86400
	}
	return c
}

func pick(days []store.Day, name, colour string, of func(*store.Overview) int) series {
	s := series{name, colour, make([]int, len(days))}
	for i := range days {
		s.Values[i] = of(&days[i].Overview)
	}
	return s
}

// Change is how a number moved since the first of the days.
func (s *summary) Change(what string) int {
	if s.Was == nil {
		return 0
	}
	of := func(o *store.Overview) int {
		switch what {
		case "fixable":
			return o.Fixable
		case "urgent":
			return o.Open.Of(boltseal.Critical) + o.Open.Of(boltseal.High)
		default:
			return o.Open.Total()
		}
	}
	return of(&s.Overview) - of(s.Was)
}
