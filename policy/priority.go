package policy

import (
	"fmt"
	"math"
	"time"

	"github.com/boltseal/boltseal"
)

// severityPoints are what a finding's severity alone gives. What nobody has
// rated lies between low and medium: it may turn out to be either.
var severityPoints = map[boltseal.Severity]int{
	boltseal.Critical: 50, boltseal.High: 38, boltseal.Medium: 22, boltseal.Low: 8, boltseal.Negligible: 2, boltseal.Unknown: 12,
}

// The points that the other facts give or take.
const (
	exploitedPoints  = 40 // seen exploited: more than any prediction
	ransomwarePoints = 5
	likelyPoints     = 30 // times the root of the EPSS probability
	fixPoints        = 5  // it can be removed today
	usePoints        = 10 // what runs opens the component's files
	unusedShare      = 60 // per cent that is left where nothing that ran did
	reachedPoints    = 5
	unreachedShare   = 30 // per cent that is left where the linker left the vulnerable functions out
	devShare         = 30 // per cent that is left where only development asks for the component
)

// prioritise gives every finding its score from 0 to 100 and the reasons for
// it: severity, exploitation seen or else predicted, a fix at hand, and
// whether the component takes part at all. docs/guide/policy.md has the sum.
func prioritise(findings []boltseal.Finding) {
	for i := range findings {
		f := &findings[i]
		f.Score, f.Reasons = priority(f)
	}
}

func priority(f *boltseal.Finding) (int, []string) {
	if f.Advisory != nil && f.Advisory.Kind == boltseal.Malware {
		return 100, []string{"malware: 100"}
	}
	score := severityPoints[f.Severity]
	reasons := []string{fmt.Sprintf("%s +%d", f.Severity, score)}
	plus := func(points int, why string) {
		if points > 0 {
			score += points
			reasons = append(reasons, fmt.Sprintf("%s +%d", why, points))
		}
	}
	if a := f.Advisory; a != nil {
		switch {
		case a.KEV != nil:
			plus(exploitedPoints, "seen exploited"+since(a.KEV.Added))
			if a.KEV.Ransomware {
				plus(ransomwarePoints, "in ransomware")
			}
		case a.EPSS != nil:
			p := min(max(a.EPSS.Score, 0), 1)
			plus(int(math.Round(likelyPoints*math.Sqrt(p))), fmt.Sprintf("EPSS %.1f%%%s", 100*p, on(a.EPSS.Date)))
		}
	}
	if len(f.FixedIn) > 0 || f.Advisory == nil && len(f.Fixes) > 0 {
		plus(fixPoints, "fix at hand")
	}
	switch f.Reach {
	case boltseal.ReachCalled:
		plus(reachedPoints, "the vulnerable code is linked in")
	case boltseal.ReachNotCalled:
		score = score * unreachedShare / 100
		reasons = append(reasons, fmt.Sprintf("the vulnerable code is not linked in, of it %d%%", unreachedShare))
	case boltseal.ReachUnknown:
	}
	if c := f.Component; c != nil && c.InUse == boltseal.UsageSeen {
		plus(usePoints, "in use")
	} else if c != nil && c.InUse == boltseal.UsageUnseen {
		score = score * unusedShare / 100
		reasons = append(reasons, fmt.Sprintf("not seen in use, of it %d%%", unusedShare))
	}
	if f.Component != nil && f.Component.Dev {
		score = score * devShare / 100
		reasons = append(reasons, fmt.Sprintf("for development only, of it %d%%", devShare))
	}
	return min(score, 100), reasons
}

func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + t.UTC().Format(time.DateOnly)
}

func on(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " of " + t.UTC().Format(time.DateOnly)
}
