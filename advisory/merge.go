package advisory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Merge writes to path one database of several parts, see [DB.Part]. What two
// of them have is taken from the first, so they should be parts of one and the
// same database.
func Merge(path string, parts []*DB) error {
	m := merger{advisories: map[string]int{}, vulns: map[string]int{}, packages: map[string]int{}}
	for _, p := range parts {
		c, err := p.content()
		if err != nil {
			return fmt.Errorf("merge advisory databases: %w", err)
		}
		m.add(c)
	}
	if err := m.finish().save(path); err != nil {
		return fmt.Errorf("merge advisory databases: %w", err)
	}
	return nil
}

// merger gathers contents. Numbers refer to its own lists, in the order in
// which things came.
type merger struct {
	out        content
	texts      frames
	rows       []byte
	advisories map[string]int
	vulns      map[string]int
	packages   map[string]int
}

func (m *merger) add(c *content) {
	if c.built.After(m.out.built) {
		m.out.built = c.built
	}
	feeds := make([]uint64, len(c.feeds))
	for i, f := range c.feeds {
		at := slices.IndexFunc(m.out.feeds, func(have boltseal.Feed) bool { return have.Name == f.Name })
		if at < 0 {
			at = len(m.out.feeds)
			m.out.feeds = append(m.out.feeds, f)
		}
		feeds[i] = uint64(at)
	}
	vulns := make([]uint32, len(c.vulns))
	var fresh []int
	for i := range c.vulns {
		at, ok := m.vulns[c.vulns[i].name]
		if !ok {
			at = len(m.out.vulns)
			m.vulns[c.vulns[i].name] = at
			m.out.vulns = append(m.out.vulns, c.vulns[i])
			fresh = append(fresh, at)
		}
		vulns[i] = uint32(at)
	}
	first := uint64(len(m.texts))
	m.texts = append(m.texts, c.texts.(frames)...)
	advisories := make([]uint32, len(c.advisories))
	for i := range c.advisories {
		a := c.advisories[i]
		at, ok := m.advisories[a.id]
		if !ok {
			at = len(m.out.advisories)
			m.advisories[a.id] = at
			a.feed, a.block = feeds[a.feed], a.block+first
			about := make([]uint32, len(a.about))
			for j, v := range a.about {
				about[j] = vulns[v]
			}
			a.about = about
			m.out.advisories = append(m.out.advisories, a)
		}
		advisories[i] = uint32(at)
	}
	for _, v := range fresh {
		m.out.vulns[v].words = uint64(advisories[m.out.vulns[v].words])
	}
	m.addRows(c, advisories)
}

func (m *merger) addRows(c *content, advisories []uint32) {
	for _, p := range c.packages {
		key := p.ecosystem + "\x00" + p.name
		if _, ok := m.packages[key]; ok {
			continue // a part has all of an ecosystem, so this is the same
		}
		m.packages[key] = len(m.out.packages)
		out := contentPackage{ecosystem: p.ecosystem, name: p.name}
		for _, r := range p.rows {
			from := uint32(len(m.rows))
			m.rows = c.row(m.rows, r)
			out.rows = append(out.rows, contentRow{advisories[r.advisory], from, uint32(len(m.rows))})
		}
		m.out.packages = append(m.out.packages, out)
	}
}

// finish sorts everything as a database has it.
func (m *merger) finish() *content {
	c := &m.out
	byName := make([]int, len(c.feeds))
	for i := range byName {
		byName[i] = i
	}
	slices.SortFunc(byName, func(i, j int) int { return strings.Compare(c.feeds[i].Name, c.feeds[j].Name) })
	feedAt := make([]uint64, len(byName))
	feeds := make([]boltseal.Feed, len(byName))
	for to, from := range byName {
		feedAt[from], feeds[to] = uint64(to), c.feeds[from]
	}
	vulnAt := order(len(c.vulns), func(i int) string { return c.vulns[i].name })
	advisoryAt := order(len(c.advisories), func(i int) string { return c.advisories[i].id })
	vulns, advisories := make([]vuln, len(c.vulns)), make([]contentAdvisory, len(c.advisories))
	for i := range c.vulns {
		v := c.vulns[i]
		v.words = uint64(advisoryAt[v.words])
		vulns[vulnAt[i]] = v
	}
	for i := range c.advisories {
		a := c.advisories[i]
		a.feed = feedAt[a.feed]
		for j, v := range a.about {
			a.about[j] = vulnAt[v]
		}
		slices.Sort(a.about)
		advisories[advisoryAt[i]] = a
	}
	for i := range c.packages {
		rows := c.packages[i].rows
		for j := range rows {
			rows[j].advisory = advisoryAt[rows[j].advisory]
		}
		slices.SortStableFunc(rows, func(a, b contentRow) int { return int(a.advisory) - int(b.advisory) })
	}
	slices.SortFunc(c.packages, func(a, b contentPackage) int {
		return strings.Compare(a.ecosystem+"\x00"+a.name, b.ecosystem+"\x00"+b.name)
	})
	c.feeds, c.vulns, c.advisories, c.texts = feeds, vulns, advisories, m.texts
	c.row = func(out []byte, r contentRow) []byte { return append(out, m.rows[r.at:r.end]...) }
	return c
}

// order gives the place of each of n names when they are sorted.
func order(n int, name func(int) string) []uint32 {
	sorted := make([]int, n)
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortFunc(sorted, func(i, j int) int { return strings.Compare(name(i), name(j)) })
	out := make([]uint32, n)
	for to, from := range sorted {
		out[from] = uint32(to)
	}
	return out
}
