package kube

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/cron-schedule", Title: "a schedule that cannot be read", Severity: boltseal.High,
		Doc: `A schedule has five fields: minute, hour, day of the month, month and day of the week; or is one of @hourly, @daily, @weekly, @monthly and @yearly. The API server refuses others, and
time zones in it: those go to timeZone.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			cron, ok := w.Value.(*batchv1.CronJob)
			if !ok {
				continue
			}
			if why := badSchedule(cron.Spec.Schedule); why != "" {
				p.Report(w.Object, nearest(w.Node, "spec", "schedule"), why)
			}
		}
	},
})

// badSchedule says what is wrong with a schedule (cron's format as Kubernetes
// reads it).
func badSchedule(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "there is no schedule"
	case strings.Contains(s, "TZ="):
		return "the schedule has a time zone: it belongs to timeZone"
	case strings.HasPrefix(s, "@"):
		if slices.Contains(names("@hourly @daily @midnight @weekly @monthly @yearly @annually"), s) || strings.HasPrefix(s, "@every ") {
			return ""
		}
		return fmt.Sprintf("%q is no schedule", s)
	}
	fields := strings.Fields(s)
	if len(fields) != 5 {
		return fmt.Sprintf("the schedule has %d fields, and not five", len(fields))
	}
	limits := []struct {
		name      string
		low, high int
		words     string
	}{{"minute", 0, 59, ""}, {"hour", 0, 23, ""}, {"day of the month", 1, 31, ""}, {"month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"}, {"day of the week", 0, 7, "sun mon tue wed thu fri sat"}}
	for i, l := range limits {
		for part := range strings.SplitSeq(fields[i], ",") {
			if !cronPart(part, l.low, l.high, names(l.words)) {
				return fmt.Sprintf("%q is no %s", fields[i], l.name)
			}
		}
	}
	return ""
}

func cronPart(part string, low, high int, words []string) bool {
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return false
	}
	if span == "*" || span == "?" {
		return true
	}
	from, to, ranged := strings.Cut(span, "-")
	value := func(s string) (int, bool) {
		if i := slices.Index(words, strings.ToLower(s)); i >= 0 {
			return i + low, true
		}
		n, err := strconv.Atoi(s)
		return n, err == nil && n >= low && n <= high
	}
	a, ok := value(from)
	if !ranged {
		return ok
	}
	b, okB := value(to)
	return ok && okB && a <= b
}
