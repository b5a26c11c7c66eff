package advisory

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// The Debian security tracker knows what its OSV records leave out: what
// will not be mended (no-dsa, ignored, end-of-life), what is postponed, what
// is not affected, and what nobody has looked at yet.
var _ = add(parsed(Feed{
	Name: "debian", Title: "Debian security tracker", Vendor: true, Speaks: []string{"Debian"},
	Base:  "https://security-tracker.debian.org/tracker/data/json",
	Terms: "published without a licence of its own: https://security-tracker.debian.org",
	parse: parseDebian,
}))

// debianIssue is what the tracker says of one vulnerability of one source.
type debianIssue struct {
	Description string                   `json:"description"`
	Releases    map[string]debianRelease `json:"releases"`
}

type debianRelease struct {
	Status  string          `json:"status"` // open, resolved, undetermined
	Fixed   string          `json:"fixed_version"`
	Urgency string          `json:"urgency"`
	NoDSA   string          `json:"nodsa"`
	Reason  patient[string] `json:"nodsa_reason"` // ignored, postponed or empty
}

// debianReleases are the numbers of codenames. sid has none.
var debianReleases = map[string]string{
	"wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
}

// parseDebian reads the tracker's JSON: sources, their vulnerabilities, the
// releases of each.
func parseDebian(_ string, r io.Reader, g *byID) error {
	d := json.NewDecoder(r)
	return objectMembers(d, func(source string) error {
		var issues map[string]debianIssue
		if err := d.Decode(&issues); err != nil {
			return err
		}
		for id, issue := range issues {
			// TEMP- are Debian's own numbers, until there is a CVE.
			if id = canonicalID(id); isCVE(id) {
				issue.into(g.of("DEBIAN-"+id), source, id)
			}
		}
		return nil
	})
}

func (i *debianIssue) into(r *record, source, cve string) {
	r.Upstream = []string{cve}
	// Several sources share one description; the longest says most.
	if text := strings.TrimSpace(i.Description); len(text) > len(r.Details) || len(text) == len(r.Details) && text > r.Details {
		r.Details = text
	}
	r.References = []string{"https://security-tracker.debian.org/tracker/" + cve}
	names := make([]string, 0, len(i.Releases))
	for name := range i.Releases {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		number, ok := debianReleases[name]
		if !ok {
			continue
		}
		release := i.Releases[name]
		if a, ok := release.affected(); ok {
			a.Ecosystem, a.Name = "Debian:"+number, source
			r.affect(a)
		}
	}
}

// affected is what the tracker says of one release. What it calls resolved in
// version 0 never was affected.
func (d *debianRelease) affected() (boltseal.Affected, bool) {
	a := boltseal.Affected{Severity: wordOf(d.Urgency)}
	switch {
	case d.Status == "resolved" && d.Fixed == "0":
		a.Status = boltseal.StatusNotAffected
		return a, true
	case d.Status == "resolved" && d.Fixed != "":
		a.Ranges = before(d.Fixed)
		return a, true
	case d.Status == "undetermined":
		a.Status = boltseal.StatusUnderReview
	case d.Status != "open":
		return a, false
	case d.Urgency == "end-of-life" || d.Reason.v == "ignored":
		a.Status = boltseal.StatusWillNotFix
	case d.NoDSA != "" || d.Reason.v == "postponed":
		// No advisory of its own: it waits for a point release or another fix.
		a.Status = boltseal.StatusDeferred
	}
	a.Ranges = before("")
	return a, true
}
