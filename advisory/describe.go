package advisory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// describe fills in what is known of each vulnerability: its other names,
// everybody's ratings, EPSS and KEV, and the advisory that describes it best.
func (b *builder) describe(k *known, g *graph, said []names) {
	place := make(map[string]uint32, len(k.vulns))
	for i := range k.vulns {
		place[k.vulns[i].name] = uint32(i)
	}
	for i := range b.entries {
		e := &b.entries[i]
		if e.dead || len(e.aliases) == 0 {
			continue
		}
		for _, id := range append([]uint32{e.id}, said[i].same...) {
			if v, ok := place[g.ids[g.vuln(id)]]; ok && !slices.Contains(e.upstream, id) && g.ids[id] != k.vulns[v].name {
				k.vulns[v].aliases = append(k.vulns[v].aliases, g.ids[id])
			}
		}
	}
	best := make([]candidate, len(k.vulns))
	for n, i := range k.entries {
		e := &b.entries[i]
		for _, v := range k.about[n] {
			c := b.candidate(e, g.ids[e.id], k.vulns[v].name, len(k.about[n]) > 1)
			c.number = uint64(n)
			if best[v].id == "" || c.compare(best[v]) < 0 {
				best[v] = c
			}
		}
		if len(k.about[n]) == 1 {
			v := &k.vulns[k.about[n][0]]
			for _, r := range e.ratings {
				v.ratings = append(v.ratings, boltseal.Rating{
					Severity: r.severity, Score: r.score, By: b.strings.list[r.by], Vector: b.strings.list[r.vector],
				})
			}
		}
	}
	for i := range k.vulns {
		v := &k.vulns[i]
		v.words, v.shared = best[i].number, best[i].shared
		for _, r := range b.nvd[v.name] {
			v.ratings = append(v.ratings, boltseal.Rating{
				Severity: r.severity, Score: r.score, By: b.strings.list[r.by], Vector: b.strings.list[r.vector],
			})
		}
		slices.Sort(v.aliases)
		v.aliases = slices.Compact(v.aliases)
		slices.SortFunc(v.ratings, compareRatings)
		v.ratings = slices.Compact(v.ratings)
		if score, ok := b.epss[v.name]; ok {
			v.epss = &boltseal.EPSS{Score: score.score, Percentile: score.percentile, Date: b.epssDate}
		}
		if kev, ok := b.kev[v.name]; ok {
			v.kev = &kev
		}
	}
}

// candidate is an advisory that might lend a vulnerability its words.
type candidate struct {
	number uint64
	id     string
	shared bool
	rank   int
	silent int // has neither summary nor details, or only one of them
}

// erratum is the rank of what tells that packages were updated, and not what
// was wrong with them.
const erratum = 4

func (b *builder) candidate(e *entry, id, vuln string, shared bool) candidate {
	c := candidate{id: id, shared: shared, rank: 2, silent: 2 - truth(e.summary) - truth(e.details)}
	cve, named := cveOf(id)
	switch {
	case id == vuln:
		c.rank = 0
	case strings.HasPrefix(id, "GHSA-"):
		c.rank = 1
	case named && cve == vuln:
		c.rank = 3 // a distribution's word on what others published
	case slices.Contains(distroRaters, publisher(id)):
		c.rank = erratum
	}
	return c
}

// compare puts the better one first: who says anything at all, who describes
// the vulnerability, who describes no other, who stands nearer to the source.
func (c candidate) compare(d candidate) int {
	return cmp.Or(cmp.Compare(truth(c.silent == 2), truth(d.silent == 2)), cmp.Compare(truth(c.rank == erratum), truth(d.rank == erratum)),
		cmp.Compare(truth(c.shared), truth(d.shared)), cmp.Compare(c.rank, d.rank), cmp.Compare(c.silent, d.silent), strings.Compare(c.id, d.id))
}

// compareRatings puts first whose task it is to rate for everybody, and
// distributions last: they rate their own builds.
func compareRatings(x, y boltseal.Rating) int {
	return cmp.Or(cmp.Compare(raterRank(x.By), raterRank(y.By)), strings.Compare(x.By, y.By),
		-cmp.Compare(truth(x.Vector != ""), truth(y.Vector != "")), -cmp.Compare(x.Score, y.Score),
		-cmp.Compare(x.Severity, y.Severity), strings.Compare(x.Vector, y.Vector))
}

var raters = []string{"nvd", "cisa", "ghsa", "cna"}

var distroRaters = []string{
	"almalinux", "alpaquita", "alpine", "amazon", "azurelinux", "bellsoft", "chainguard", "cleanstart", "debian", "echo", "mageia", "minimos",
	"openeuler", "opensuse", "oracle", "photon", "redhat", "rocky", "suse", "ubuntu", "wolfi",
}

func raterRank(by string) int {
	if i := slices.Index(raters, by); i >= 0 {
		return i
	}
	if slices.Contains(distroRaters, by) {
		return len(raters) + 1
	}
	return len(raters)
}
