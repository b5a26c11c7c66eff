package serve

import (
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

// Judge lays a project's waivers and policy over a report, for
// [store.Options]. Without a policy the report keeps the verdict that it was
// made with, less what the waivers accept.
func Judge(checks []boltseal.Check, now func() time.Time) func(*boltseal.Report, []boltseal.Waiver, []byte) error {
	return func(r *boltseal.Report, waivers []boltseal.Waiver, document []byte) error {
		if document != nil {
			p, err := policy.Load("policy", document)
			if err != nil {
				return err
			}
			p.Checks, p.IgnoreUnusedWaivers = checks, true
			p.Waivers = append(p.Waivers, waivers...)
			p.Judge(r, now())
			return nil
		}
		lay(r, waivers, checks, now())
		return nil
	}
}

// lay waives what a report's own policy has not, and takes it out of what
// blocks.
func lay(r *boltseal.Report, waivers []boltseal.Waiver, checks []boltseal.Check, now time.Time) {
	p := policy.Policy{Waivers: waivers, Checks: checks, IgnoreUnusedWaivers: true, AllowGaps: []string{"*"}}
	judged := *r
	judged.Findings = append([]boltseal.Finding(nil), r.Findings...)
	for i := range judged.Findings {
		judged.Findings[i].Waived = nil
	}
	p.Judge(&judged, now)
	accepted, there := map[string]*boltseal.Waiver{}, map[string]bool{}
	for i := range judged.Findings {
		f := &judged.Findings[i]
		there[f.Key] = true
		if f.Waived != nil {
			accepted[f.Key] = f.Waived
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if w := accepted[f.Key]; w != nil && f.Waived == nil {
			f.Waived = w
			r.Verdict.Waived++
		}
	}
	var blocking []string
	for _, key := range r.Verdict.Blocking {
		if accepted[key] == nil && there[key] {
			blocking = append(blocking, key)
		}
	}
	if len(blocking) < len(r.Verdict.Blocking) {
		r.Verdict.Blocking = blocking
		r.Verdict.Allow = len(blocking) == 0 && r.Verdict.Gaps == 0
	}
}
