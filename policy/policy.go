// Package policy decides what a report means: which findings block, which
// are accepted on purpose, which gaps may be. [Load] reads a [Policy] from
// boltseal.yaml, [Default] is the one without a file, and [Policy.Judge]
// writes the [boltseal.Verdict] that gates, admission and CI obey.
//
// It looks at nothing but the report: no file, no network, no clock.
//
// # The file
//
//	fail-on: high,fixed          # or a list, of which any one blocks; see ParseThreshold
//	severity: [critical, high]   # show these only; all when absent
//	only-fixed: true             # leave out vulnerabilities that nobody can fix yet
//	allow-gaps: [unreadable-file]
//	unused-waivers: ignore       # report (the default) or ignore
//	comments: refuse             # honour (the default) or refuse what comments in files accept
//	registries: [ghcr.io]        # the only ones that images may come from
//	labels: [org.opencontainers.image.source]   # that an image must have
//	vex: [vex/openvex.json]      # documents that say what is not affected
//	images:                      # who must vouch for which images; the first entry that names one holds
//	  - image: ghcr.io/acme/**
//	    signed-by:
//	      - key: release.pub
//	      - identity: https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main
//	        issuer: https://token.actions.githubusercontent.com
//	    attestations:
//	      - {type: cyclonedx, max-age: 30d}
//	    provenance: {source: github.com/acme/app, level: 3}
//	admission: {mode: enforce, pod-security: baseline}   # what a cluster lets in
//	waivers:
//	  - id: CVE-2024-0727        # or an alias, a check, "docker/*"
//	    purl: pkg:deb/debian/openssl
//	    path: usr/lib/**
//	    reason: the parser is not reachable
//	    owner: alice@example.com
//	    expires: 2027-01-31      # to the end of that day, UTC
//	    justification: vulnerable_code_not_in_execute_path  # if so, for VEX
//
// Every waiver needs a reason, an owner and a date, and says what it waives
// with at least one of id, purl, path and key; all that are given must match.
// A key that the file may not have is an error with its line.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Policy is what a user accepts. The zero value blocks nothing and allows no
// gap; start from [Default].
type Policy struct {
	FailOn              Threshold
	Severities          []boltseal.Severity // findings of other severities are left out; empty keeps all
	OnlyFixed           bool                // vulnerabilities without a fixed version are left out
	AllowGaps           []string            // kinds of gap that do not stand in the way; "*" matches
	Waivers             []boltseal.Waiver
	IgnoreUnusedWaivers bool            // for a policy that serves many artifacts
	NoComments          bool            // comments and annotations in files accept nothing
	Baseline            map[string]bool // baseline keys of findings that do not block: they were there before
	Registries          []string        // the only ones that images may come from; empty allows all
	Labels              []string        // that an image's Dockerfile must give it
	VEX                 []Statement
	Trust               []Trust    // who must vouch for which images
	VEXFiles            []string   // documents that the policy file names, for whoever may open files to read
	Admission           *Admission // what a cluster lets in; see [Policy.Admits]

	// Checks are those that ran. Waivers may then name them by their aliases,
	// and a waiver of one that ran and never failed is reported as unused.
	Checks []boltseal.Check

	lines []int // of the waivers in their file, where known
}

// DefaultFailOn is the threshold without a policy: a finding that is high or
// worse blocks when somebody can fix it today.
const DefaultFailOn = "high,fixed"

// Default is the policy without a file. It blocks on [DefaultFailOn] and
// allows no gap.
func Default() *Policy {
	failOn, err := ParseThreshold(DefaultFailOn)
	if err != nil {
		panic(err)
	}
	return &Policy{FailOn: failOn}
}

// Judge applies the policy to a report at a moment. It scores every finding,
// marks the findings
// that are waived, takes out those that the policy does not want to see, adds
// findings about waivers that have expired or match nothing, brings the
// findings in order and sets the verdict. Judging a report again with the
// same policy changes nothing; a nil policy is the default one.
func (p *Policy) Judge(r *boltseal.Report, now time.Time) {
	if p == nil {
		p = Default()
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f boltseal.Finding) bool {
		return f.Check == expiredWaiver.ID || f.Check == unusedWaiver.ID
	})
	used := p.waive(r.Findings, now)
	p.heed(r)
	hidden := p.filter(r)
	r.Findings = append(r.Findings, p.aboutWaivers(r, used, now)...)
	prioritise(r.Findings)
	slices.SortFunc(r.Findings, boltseal.Finding.Compare)
	r.Verdict = p.verdict(r)
	r.Verdict.Reasons = append(r.Verdict.Reasons, hidden...)
}

// filter takes out the findings that the policy does not want to see, and
// says how many those were: leaving out is never silent.
func (p *Policy) filter(r *boltseal.Report) []string {
	var mild, unfixed int
	r.Findings = slices.DeleteFunc(r.Findings, func(f boltseal.Finding) bool {
		switch {
		case len(p.Severities) > 0 && !slices.Contains(p.Severities, f.Severity):
			mild++
			return true
		case p.OnlyFixed && !fixable(&f):
			unfixed++
			return true
		}
		return false
	})
	var reasons []string
	if mild > 0 {
		words := make([]string, len(p.Severities))
		for i, s := range p.Severities {
			words[i] = s.String()
		}
		reasons = append(reasons, fmt.Sprintf("%s left out: not of severity %s", count(mild, "finding"), strings.Join(words, " or ")))
	}
	if unfixed > 0 {
		reasons = append(reasons, count(unfixed, "finding")+" left out: no fixed version is known")
	}
	return reasons
}

func (p *Policy) verdict(r *boltseal.Report) boltseal.Verdict {
	v := boltseal.Verdict{Policy: p.digest()}
	var blocking, known int
	kinds, seen := map[string]int{}, map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived != nil {
			v.Waived++
			continue
		}
		if f.Known = len(p.Baseline) > 0 && p.Baseline[f.BaselineKey()]; f.Known {
			known++
			continue
		}
		if p.FailOn.Blocks(f) {
			blocking++
			if !seen[f.Key] {
				seen[f.Key] = true
				v.Blocking = append(v.Blocking, f.Key)
			}
		}
	}
	for _, g := range r.Gaps {
		if !p.allows(g) {
			v.Gaps++
			kinds[g.Kind]++
		}
	}
	if blocking > 0 {
		v.Reasons = append(v.Reasons, fmt.Sprintf("%s at or above the threshold %q", count(blocking, "finding"), p.FailOn))
	}
	if v.Gaps > 0 {
		v.Reasons = append(v.Reasons, fmt.Sprintf("%s that the policy does not allow: %s", count(v.Gaps, "gap"), tally(kinds)))
	}
	if known > 0 {
		v.Reasons = append(v.Reasons, count(known, "finding")+" of the baseline left aside")
	}
	if v.Waived > 0 {
		v.Reasons = append(v.Reasons, count(v.Waived, "finding")+" waived")
	}
	v.Allow = blocking == 0 && v.Gaps == 0
	return v
}

func (p *Policy) allows(g boltseal.Gap) bool {
	return slices.ContainsFunc(p.AllowGaps, func(kind string) bool { return match(kind, g.Kind) })
}

// digest names the policy by what it decides with, whatever file or flags it
// came from.
func (p *Policy) digest() boltseal.Digest {
	waivers := slices.Clone(p.Waivers)
	for i := range waivers {
		waivers[i].Source = ""
	}
	data, err := json.Marshal(struct {
		FailOn     string
		Severities []boltseal.Severity
		OnlyFixed  bool
		AllowGaps  []string
		Waivers    []boltseal.Waiver
		Unused     bool
		VEX        []Statement `json:",omitempty"`
		Trust      []Trust     `json:",omitempty"`
		Registries []string    `json:",omitempty"`
		Labels     []string    `json:",omitempty"`
		NoComments bool        `json:",omitempty"`
	}{p.FailOn.String(), p.Severities, p.OnlyFixed, p.AllowGaps, waivers, p.IgnoreUnusedWaivers, p.VEX, p.Trust, p.Registries, p.Labels, p.NoComments})
	if err != nil {
		return "" // only a year past 9999 cannot be written, and Load refuses it
	}
	sum := sha256.Sum256(data)
	return boltseal.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// fixable tells whether somebody can remove the finding today. A
// vulnerability needs a fixed version; everything else is in the hands of
// whoever owns the artifact.
func fixable(f *boltseal.Finding) bool {
	if f.Advisory == nil || f.Advisory.Kind == boltseal.Malware {
		return true
	}
	return len(f.FixedIn) > 0
}

// count is a number and its noun: "1 finding", "3 findings".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// tally is "limit, 2 unreadable-file": each kind once, with its number when
// there are several.
func tally(kinds map[string]int) string {
	var parts []string
	for kind, n := range kinds {
		if n > 1 {
			kind = fmt.Sprintf("%s (%d)", kind, n)
		}
		parts = append(parts, kind)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
