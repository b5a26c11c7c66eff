package policy

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// Threshold tells which findings block. The zero value blocks none.
type Threshold struct {
	any []clause // one of them is enough
}

// clause holds when each of its terms does.
type clause struct {
	text  string
	terms []func(*boltseal.Finding) bool
}

// ParseThreshold reads thresholds as --fail-on and boltseal.yaml write them.
// A finding blocks when it meets one of them, and it meets one when all its
// comma-separated terms hold:
//
//	critical high medium low negligible   that severity or worse
//	any                                   whatever the severity
//	fixed                                 somebody can remove it today: a fixed version exists, or it is no vulnerability
//	kev                                   exploitation was seen (CISA KEV)
//	malware                               the component itself attacks
//	own                                   the artifact's own layers brought it, not the base image
//	score>=70                             priority, 0 to 100; also score:70
//	epss>=0.1                             probability of exploitation; also epss:0.1
//
// "none" by itself, or nothing at all, blocks nothing.
func ParseThreshold(thresholds ...string) (Threshold, error) {
	var t Threshold
	for _, text := range thresholds {
		text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
		if text == "none" {
			if len(thresholds) > 1 {
				return Threshold{}, fmt.Errorf("threshold %q: stands alone or not at all", text)
			}
			return Threshold{}, nil
		}
		c := clause{text: text}
		var severity string
		for word := range strings.SplitSeq(text, ",") {
			if _, ok := severityTerm(word); ok {
				if severity != "" {
					return Threshold{}, fmt.Errorf("threshold %q: name one severity, it means %q and worse", clip(text), severity)
				}
				severity = word
			}
			term, err := parseTerm(word)
			if err != nil {
				return Threshold{}, fmt.Errorf("threshold %q: %w", clip(text), err)
			}
			c.terms = append(c.terms, term)
		}
		t.any = append(t.any, c)
	}
	return t, nil
}

// Blocks tells whether a finding meets the threshold. Whether it is waived is
// another question.
func (t Threshold) Blocks(f *boltseal.Finding) bool {
	for _, c := range t.any {
		if c.holds(f) {
			return true
		}
	}
	return false
}

func (c clause) holds(f *boltseal.Finding) bool {
	for _, term := range c.terms {
		if !term(f) {
			return false
		}
	}
	return true
}

// String is the threshold as ParseThreshold reads it, alternatives joined
// by " or ".
func (t Threshold) String() string {
	if len(t.any) == 0 {
		return "none"
	}
	words := make([]string, len(t.any))
	for i, c := range t.any {
		words[i] = c.text
	}
	return strings.Join(words, " or ")
}

func parseTerm(word string) (func(*boltseal.Finding) bool, error) {
	if s, ok := severityTerm(word); ok {
		return func(f *boltseal.Finding) bool { return f.Severity >= s }, nil
	}
	switch word {
	case "fixed":
		return fixable, nil
	case "kev":
		return func(f *boltseal.Finding) bool { return f.Advisory != nil && f.Advisory.KEV != nil }, nil
	case "malware":
		return func(f *boltseal.Finding) bool { return f.Advisory != nil && f.Advisory.Kind == boltseal.Malware }, nil
	case "own":
		return func(f *boltseal.Finding) bool { return f.Origin == boltseal.OriginOwn }, nil
	case "none":
		return nil, fmt.Errorf("%q stands alone or not at all", word)
	}
	if n, ok, err := atLeast(word, "score", 100); ok || err != nil {
		return func(f *boltseal.Finding) bool { return float64(f.Score) >= n }, err
	}
	if n, ok, err := atLeast(word, "epss", 1); ok || err != nil {
		return func(f *boltseal.Finding) bool {
			return f.Advisory != nil && f.Advisory.EPSS != nil && f.Advisory.EPSS.Score >= n
		}, err
	}
	return nil, fmt.Errorf("%q is none of critical, high, medium, low, negligible, any, fixed, kev, malware, own, score>=N, epss>=N, none", clip(word))
}

func severityTerm(word string) (boltseal.Severity, bool) {
	if word == "any" {
		return boltseal.Unknown, true
	}
	for _, s := range boltseal.Severities() {
		if word == s.String() && s != boltseal.Unknown {
			return s, true
		}
	}
	return 0, false
}

// atLeast reads "name>=number" or "name:number", the number from 0 to most.
func atLeast(word, name string, most float64) (float64, bool, error) {
	rest, ok := strings.CutPrefix(word, name)
	if !ok {
		return 0, false, nil
	}
	number, ok := strings.CutPrefix(rest, ">=")
	if !ok {
		if number, ok = strings.CutPrefix(rest, ":"); !ok {
			// A shell takes an unquoted ">" for itself.
			return 0, false, fmt.Errorf("%q: want '%s>=N' in quotes, or %s:N", clip(word), name, name)
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > most {
		return 0, false, fmt.Errorf("%q: want a number from 0 to %g", clip(word), most)
	}
	return n, true, nil
}

// ParseSeverities reads a comma-separated list of severities to show:
// "critical,high". The empty string means all of them.
func ParseSeverities(s string) ([]boltseal.Severity, error) {
	var out []boltseal.Severity
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(s, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		got, ok := boltseal.ParseSeverity(word)
		if !ok || got.String() != word {
			return nil, fmt.Errorf("severity %q: want critical, high, medium, low, negligible or unknown", clip(word))
		}
		out = append(out, got)
	}
	return out, nil
}

// clip keeps what a hostile input can put into an error message short.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
