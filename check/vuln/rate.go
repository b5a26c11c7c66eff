package vuln

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// byUs is who rates what has no rating of its own by its kind.
const byUs = "boltseal"

// rate says how bad a match is and in whose opinion: the distribution's own
// word about this package in this release; else the best rating of an
// advisory that speaks of this package; else that of anybody who speaks of
// the vulnerability. Nil is not known.
func rate(m *match, a *boltseal.Advisory, words map[string]*boltseal.Advisory) *boltseal.Rating {
	switch a.Kind {
	case boltseal.Malware:
		return &boltseal.Rating{Severity: boltseal.Critical, By: byUs}
	case boltseal.Informational:
		return &boltseal.Rating{Severity: boltseal.Low, By: byUs}
	}
	if m.system != nil {
		if r := ofDistro(m, words); r != nil {
			return r
		}
	}
	var best *boltseal.Rating
	for i := range m.hits {
		if h := &m.hits[i]; m.speaksForEach(h) {
			best = better(best, words[h.record.ID].Ratings)
		}
	}
	if best == nil {
		best = better(nil, a.Ratings)
	}
	for i := 0; best == nil && i < len(m.hits); i++ {
		best = better(nil, words[m.hits[i].record.ID].Ratings)
	}
	return best
}

// ofDistro is the distribution's word, the worst where several advisories
// rate. Where it has a CVSS vector of the same severity, that is shown.
func ofDistro(m *match, words map[string]*boltseal.Advisory) *boltseal.Rating {
	var out *boltseal.Rating
	for i := range m.hits {
		h := &m.hits[i]
		word := h.record.Affected.Severity
		if word == boltseal.Unknown || out != nil && word <= out.Severity {
			continue
		}
		out = &boltseal.Rating{Severity: word, By: m.system.by}
		for _, r := range words[h.record.ID].Ratings {
			if r.By == m.system.by && r.Severity == word && r.Vector != "" {
				out.Score, out.Vector = r.Score, r.Vector
				break
			}
		}
	}
	return out
}

// better is the best rating of those at hand: the newest version of CVSS,
// which says why; then a word; then CVSS 2. Of equals the first counts,
// because the advisory's own ratings stand first.
func better(best *boltseal.Rating, ratings []boltseal.Rating) *boltseal.Rating {
	for i := range ratings {
		r := &ratings[i]
		if r.Severity != boltseal.Unknown && (best == nil || standing(r) < standing(best)) {
			one := *r
			best = &one
		}
	}
	return best
}

func standing(r *boltseal.Rating) int {
	switch {
	case strings.HasPrefix(r.Vector, "CVSS:4"):
		return 0
	case strings.HasPrefix(r.Vector, "CVSS:3"):
		return 1
	case r.Vector == "":
		return 2
	}
	return 3
}

// severityPoints are what priority begins with.
var severityPoints = map[boltseal.Severity]int{
	boltseal.Critical: 60, boltseal.High: 45, boltseal.Medium: 30, boltseal.Unknown: 25, boltseal.Low: 15, boltseal.Negligible: 5,
}

// priority says what to mend first, 0 to 100, and why:
//
//	severity            critical 60, high 45, medium 30, unknown 25, low 15, negligible 5
//	EPSS                20 from 50 %, 15 from 10 %, 8 from 1 %, 3 from 0.1 %
//	a fixed version     10
//	CISA KEV            30, and never below 80; by ransomware, never below 90
//	malware             100, whatever else
//	declared only       -10: a lock file asks for it, nobody saw it installed
//	development only    -10
func priority(f *boltseal.Finding) (int, []string) {
	a := f.Advisory
	if a.Kind == boltseal.Malware {
		return 100, []string{"the component itself attacks"}
	}
	points := severityPoints[f.Severity]
	reasons := []string{severityReason(f)}
	if a.EPSS != nil {
		points += epssPoints(a.EPSS.Score)
		reasons = append(reasons, epssReason(a.EPSS))
	}
	if len(f.FixedIn) > 0 {
		points += 10
		reasons = append(reasons, "fixed in "+f.FixedIn[0])
	}
	if f.Component.Basis == boltseal.Declared {
		points -= 10
		reasons = append(reasons, "declared, not seen installed")
	}
	if f.Component.Dev {
		points -= 10
		reasons = append(reasons, "only development asks for it")
	}
	if k := a.KEV; k != nil {
		least := 80
		reason := "exploitation was seen (CISA KEV"
		if !k.Added.IsZero() {
			reason += ", " + k.Added.UTC().Format(time.DateOnly)
		}
		reason += ")"
		if k.Ransomware {
			least = 90
			reason += ", by ransomware too"
		}
		points = max(points+30, least)
		reasons = append([]string{reason}, reasons...)
	}
	return max(1, min(points, 100)), reasons
}

func severityReason(f *boltseal.Finding) string {
	if f.Rating == nil {
		return "nobody has rated its severity"
	}
	reason := fmt.Sprintf("%s by %s", f.Severity, cmp.Or(f.Rating.By, "an unnamed party"))
	if f.Rating.Score > 0 {
		reason += fmt.Sprintf(" (CVSS %.1f)", f.Rating.Score)
	}
	return reason
}

func epssPoints(p float64) int {
	switch {
	case p >= 0.5:
		return 20
	case p >= 0.1:
		return 15
	case p >= 0.01:
		return 8
	case p >= 0.001:
		return 3
	}
	return 0
}

// epssReason names the date of the model's run: a probability is true of a
// day.
func epssReason(e *boltseal.EPSS) string {
	percent := e.Score * 100
	digits := 1
	if percent >= 10 {
		digits = 0
	}
	s := fmt.Sprintf("EPSS %.*f%%", digits, math.Min(percent, 100))
	if !e.Date.IsZero() {
		s += " on " + e.Date.UTC().Format(time.DateOnly)
	}
	return s
}
