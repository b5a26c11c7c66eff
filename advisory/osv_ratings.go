package advisory

import (
	"cmp"
	"math"
	"slices"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/boltseal/boltseal"
)

// rate collects everybody's opinion that a record carries: CVSS vectors of
// the record and of its packages, and the publisher's own word.
func (o *osvRecord) rate(r *record) {
	by := publisher(r.ID)
	scorer := by
	if by == "debian" || by == "alpine" || by == "ubuntu" {
		// What they carry is NVD's; their own word is no vector.
		scorer = "nvd"
	}
	vectors := slices.Clone(o.Severity.v)
	for i := range o.Affected {
		a := &o.Affected[i]
		vectors = append(vectors, a.Severity.v...)
		if v := string(a.Database.v.CVSS.v); v != "" {
			vectors = append(vectors, osvSeverity{Score: patient[string]{v}})
		}
	}
	word := boltseal.Unknown
	for _, s := range vectors {
		if s.Type == "Ubuntu" {
			word = wordOf(s.Score.v)
			continue
		}
		rating, ok := rateVector(s.Score.v)
		if !ok {
			if s.Score.v != "" {
				r.note("not a CVSS vector: " + clip(s.Score.v))
			}
			continue
		}
		rating.By = cmp.Or(strings.ToLower(clip(s.Source.v)), scorer)
		r.addRating(rating)
	}
	if word == boltseal.Unknown {
		word = o.word(by)
	}
	r.addWord(word, by)
}

// word is the record's severity in its publisher's own word.
func (o *osvRecord) word(by string) boltseal.Severity {
	if s := wordOf(o.Specific.v.Severity.v); s != boltseal.Unknown {
		return s
	}
	switch by {
	case "almalinux", "rocky", "redhat":
		if first, _, ok := strings.Cut(o.Summary.v, ":"); ok {
			return wordOf(first)
		}
	case "ubuntu":
		for i := range o.Affected {
			if s := wordOf(o.Affected[i].Specific.v.UbuntuPriority.v); s != boltseal.Unknown {
				return s
			}
		}
	}
	return boltseal.Unknown
}

// addRating keeps one rating of each party and vector.
func (r *record) addRating(rating boltseal.Rating) {
	if !slices.Contains(r.Ratings, rating) {
		r.Ratings = append(r.Ratings, rating)
	}
}

// addWord adds what the publisher says in a word, unless its own vector
// says the same, and gives it to the packages of a distribution, whose word
// counts most there.
func (r *record) addWord(word boltseal.Severity, by string) {
	if word == boltseal.Unknown {
		return
	}
	for i := range r.Affected {
		if a := &r.Affected[i]; a.Severity == boltseal.Unknown && isDistro(a.Ecosystem) {
			a.Severity = word
		}
	}
	said := func(have boltseal.Rating) bool { return have.By == by && have.Severity == word }
	if !slices.ContainsFunc(r.Ratings, said) {
		r.Ratings = slices.Insert(r.Ratings, 0, boltseal.Rating{Severity: word, By: by})
	}
}

// word is what a distribution says of one package in one release.
func (a *osvAffected) word(ecosystem string) (boltseal.Severity, boltseal.Status) {
	urgency := cmp.Or(a.Specific.v.Urgency.v, a.Database.v.Urgency.v)
	switch {
	case !isDistro(ecosystem):
		return boltseal.Unknown, ""
	case urgency == "end-of-life":
		return boltseal.Unknown, boltseal.StatusWillNotFix
	}
	for _, s := range [...]string{urgency, a.Specific.v.UbuntuPriority.v, a.Specific.v.Severity.v, a.Database.v.Severity.v} {
		if severity := wordOf(s); severity != boltseal.Unknown {
			return severity, ""
		}
	}
	return boltseal.Unknown, ""
}

// wordOf reads a severity in a feed's word. Debian marks some with a star:
// the tracker's guess. Words that are no severity give Unknown.
func wordOf(s string) boltseal.Severity {
	severity, _ := boltseal.ParseSeverity(strings.TrimRight(s, "*"))
	return severity
}

// rateVector scores a CVSS vector of any version by its base metrics.
func rateVector(vector string) (boltseal.Rating, bool) {
	vector = strings.Trim(strings.TrimSpace(vector), "()")
	score, ok := scoreVector(vector)
	if !ok || math.IsNaN(score) {
		return boltseal.Rating{}, false
	}
	severity := boltseal.SeverityOfScore(score)
	if !strings.HasPrefix(vector, "CVSS:") && severity == boltseal.Critical {
		severity = boltseal.High // version 2 knows no critical
	}
	return boltseal.Rating{Severity: severity, Score: math.Round(score*10) / 10, Vector: vector}, true
}

func scoreVector(vector string) (float64, bool) {
	const longest = 512
	switch {
	case len(vector) > longest:
		return 0, false
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.Score(), true
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	}
	v, err := gocvss20.ParseVector(vector)
	if err != nil {
		return 0, false
	}
	return v.BaseScore(), true
}
