package layer

import (
	"fmt"
	"slices"
	"sync"

	"github.com/boltseal/boltseal"
)

// maxGaps is how many gaps of a kind are listed one by one; the rest are
// counted. A layer can be made of nothing else.
const maxGaps = 100

// gaps collects what could not be looked at.
type gaps struct {
	mu    sync.Mutex
	list  []boltseal.Gap
	count map[string]int // by kind
}

// The kinds of gap.
const (
	gapFile  = "unreadable-file"
	gapLimit = "limit"
	gapEnd   = "unverified-layer"
)

func (g *gaps) add(gap boltseal.Gap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count == nil {
		g.count = map[string]int{}
	}
	if g.count[gap.Kind]++; g.count[gap.Kind] <= maxGaps {
		g.list = append(g.list, gap)
	}
}

// file is a gap for one file of a layer.
func (g *gaps) file(path string, layer int, why string) {
	g.add(boltseal.Gap{Kind: gapFile, What: what(path, layer), Why: why})
}

// limit is a gap for a file that breaks a limit.
func (g *gaps) limit(path string, layer int, err error) {
	g.add(boltseal.Gap{Kind: gapLimit, What: what(path, layer), Why: err.Error()})
}

func what(path string, layer int) string {
	return fmt.Sprintf("file %s in layer %d", clip(path), layer+1)
}

// clip shortens a name that only a hostile image has.
func clip(name string) string {
	const most = 500
	if len(name) <= most {
		return name
	}
	return name[:most] + "…"
}

// all lists the gaps in order.
func (g *gaps) all() []boltseal.Gap {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := slices.Clone(g.list)
	for kind, n := range g.count {
		if n > maxGaps {
			list = append(list, boltseal.Gap{
				Kind: kind, What: fmt.Sprintf("%d more files", n-maxGaps), Why: "only the first are listed",
			})
		}
	}
	slices.SortFunc(list, boltseal.Gap.Compare)
	return list
}
