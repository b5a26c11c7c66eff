package learn

import (
	"fmt"
	"time"
)

// Confidence is how likely it is that a recording has what the workload needs.
type Confidence string

// The degrees of confidence.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Limits of the degrees.
const (
	enoughRuns    = 3
	enoughTime    = 10 * time.Minute
	shortTime     = time.Minute
	quietShare    = 0.5 // of the last run in which nothing was new
	seenRarelyMax = 3   // names that are listed
)

// Confidence says how far the recording is to be trusted, and why. It is
// never certain: code that did not run was not seen.
func (r *Recording) Confidence() (Confidence, []string) {
	var why []string
	total := 0.0
	for _, run := range r.Runs {
		total += run.Seconds
	}
	last := r.Runs[len(r.Runs)-1]
	long := time.Duration(total * float64(time.Second))
	quiet := last.Seconds > 0 && last.LastNew <= last.Seconds*(1-quietShare)
	settled := len(r.Runs) > 1 && last.Added == 0
	why = append(why, fmt.Sprintf("%d runs of %s in all", len(r.Runs), long.Round(time.Second)))
	switch {
	case settled:
		why = append(why, "the last run showed nothing new")
	case len(r.Runs) > 1:
		why = append(why, fmt.Sprintf("the last run showed %d things that no earlier one had: watch another one", last.Added))
	}
	if quiet {
		why = append(why, fmt.Sprintf("nothing was new in the last %.0f s", last.Seconds-last.LastNew))
	} else {
		why = append(why, fmt.Sprintf("something was still new %.0f s before the end: watch longer", last.Seconds-last.LastNew))
	}
	if rare := r.rare(); len(rare) > 0 && len(r.Runs) > 1 {
		why = append(why, fmt.Sprintf("%d system calls were seen in one run only, such as %v", len(rare), rare[:min(len(rare), seenRarelyMax)]))
	}
	if len(r.Gaps) > 0 {
		why = append(why, fmt.Sprintf("%d things could not be looked at", len(r.Gaps)))
		return Low, why
	}
	switch {
	case len(r.Runs) >= enoughRuns && settled && long >= shortTime:
		return High, why
	case long >= enoughTime && quiet, settled:
		return Medium, why
	}
	return Low, why
}

// rare are the calls that one run of several has.
func (r *Recording) rare() []string {
	var out []string
	for _, c := range r.Calls {
		if c.Runs == 1 {
			out = append(out, c.Name)
		}
	}
	return out
}
