package netpol

import (
	"maps"
	"slices"
	"strings"
)

// Selector selects things by their labels. The zero value selects
// everything.
type Selector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []Requirement     `json:"matchExpressions"`
}

// Requirement is one expression of a selector.
type Requirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"` // In, NotIn, Exists, DoesNotExist
	Values   []string `json:"values"`
}

// Empty reports whether the selector selects everything.
func (s *Selector) Empty() bool { return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 }

// Matches reports whether the selector selects what has these labels. An
// operator that Kubernetes does not know selects nothing.
func (s *Selector) Matches(labels map[string]string) bool {
	for key, want := range s.MatchLabels {
		if got, ok := labels[key]; !ok || got != want {
			return false
		}
	}
	for i := range s.MatchExpressions {
		if !s.MatchExpressions[i].matches(labels) {
			return false
		}
	}
	return true
}

func (r *Requirement) matches(labels map[string]string) bool {
	value, has := labels[r.Key]
	switch r.Operator {
	case "In":
		return has && slices.Contains(r.Values, value)
	case "NotIn":
		return !has || !slices.Contains(r.Values, value)
	case "Exists":
		return has
	case "DoesNotExist":
		return !has
	}
	return false
}

// String is the selector as kubectl writes it: "app=api,tier in (a,b)". The
// empty selector is "*".
func (s *Selector) String() string {
	if s.Empty() {
		return "*"
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		parts = append(parts, key+"="+s.MatchLabels[key])
	}
	for i := range s.MatchExpressions {
		parts = append(parts, s.MatchExpressions[i].String())
	}
	return strings.Join(parts, ",")
}

// String is the requirement as kubectl writes it.
func (r *Requirement) String() string {
	list := "(" + strings.Join(slices.Sorted(slices.Values(r.Values)), ",") + ")"
	switch r.Operator {
	case "In":
		return r.Key + " in " + list
	case "NotIn":
		return r.Key + " notin " + list
	case "Exists":
		return r.Key
	case "DoesNotExist":
		return "!" + r.Key
	}
	return r.Key + " " + r.Operator + " " + list
}

// example makes labels that the selector selects, and reports whether there
// are any.
func (s *Selector) example() (map[string]string, bool) {
	labels := map[string]string{}
	maps.Copy(labels, s.MatchLabels)
	for _, r := range s.MatchExpressions {
		if _, has := labels[r.Key]; has {
			continue
		}
		switch r.Operator {
		case "In":
			for _, v := range r.Values {
				labels[r.Key] = v
				if s.matchesKey(r.Key, labels) {
					break
				}
			}
		case "Exists":
			labels[r.Key] = "any"
			for n := 0; !s.matchesKey(r.Key, labels) && n < 8; n++ {
				labels[r.Key] += "-other"
			}
		}
	}
	return labels, s.Matches(labels)
}

// matchesKey reports whether what the selector asks of one key holds.
func (s *Selector) matchesKey(key string, labels map[string]string) bool {
	for i := range s.MatchExpressions {
		if r := &s.MatchExpressions[i]; r.Key == key && !r.matches(labels) {
			return false
		}
	}
	return true
}
