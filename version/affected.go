package version

import (
	"slices"

	"github.com/boltseal/boltseal"
)

// Affected says whether v is one of the versions that a speaks of: it is
// enumerated, or it lies in any of the ranges (OSV schema, "Evaluation").
// Introduced and LastAffected belong to a range and Fixed does not, so a
// version that ends one range and begins the next is affected.
//
// A v that is not Valid is compared all the same; false then says little.
func (s *Scheme) Affected(v string, a *boltseal.Affected) bool {
	for i := range a.Ranges {
		if s.within(v, &a.Ranges[i]) {
			return true
		}
	}
	return s.listed(v, a.Versions)
}

// Fixed returns the nearest version above v that is named as a fix and that is
// not itself affected: where several branches are maintained, the fix of v's
// own branch. It gives false when v is not affected or no such fix is known.
func (s *Scheme) Fixed(v string, a *boltseal.Affected) (string, bool) {
	if !s.Affected(v, a) {
		return "", false
	}
	nearest := ""
	for i := range a.Ranges {
		fix := a.Ranges[i].Fixed
		if atStart(fix) || s.Compare(fix, v) <= 0 || nearest != "" && s.Compare(fix, nearest) >= 0 {
			continue
		}
		if !s.Affected(fix, a) {
			nearest = fix
		}
	}
	return nearest, nearest != ""
}

// atStart says whether an event stands before every version (OSV schema,
// "introduced": "0").
func atStart(v string) bool { return v == "" || v == "0" }

func (s *Scheme) within(v string, r *boltseal.Range) bool {
	if r.Fixed != "" && (r.Fixed == "0" || s.Compare(v, r.Fixed) >= 0) {
		return false
	}
	if r.LastAffected != "" && s.Compare(v, r.LastAffected) > 0 {
		return false
	}
	return atStart(r.Introduced) || s.Compare(v, r.Introduced) >= 0
}

// listed looks for v as it is spelt first: lists run to thousands, and nearly
// all spell versions as the ecosystem does.
func (s *Scheme) listed(v string, versions []string) bool {
	if slices.Contains(versions, v) {
		return true
	}
	for _, w := range versions {
		if s.Compare(v, w) == 0 {
			return true
		}
	}
	return false
}
