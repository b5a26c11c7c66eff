package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// rootRef is what documents call the artifact itself.
const rootRef = "artifact"

// graph is how the components of a sorted document hang together.
type graph struct {
	refs  []string       // refs[i] names Components[i] within the document
	first map[string]int // purl → the first component that has it

	within  [][]int    // within[i] are the components that Components[i] depends on, sorted
	without [][]string // without[i] are the purls it depends on that no component has
}

func newGraph(doc *Document) *graph {
	g := &graph{refs: make([]string, len(doc.Components)), first: make(map[string]int, len(doc.Components))}
	taken := make(map[string]int, len(doc.Components))
	for i := range doc.Components {
		c := &doc.Components[i]
		ref := c.PURL
		if _, ok := g.first[c.PURL]; !ok && c.PURL != "" {
			g.first[c.PURL] = i
		}
		if !strings.HasPrefix(ref, "pkg:") {
			ref = "component:" + c.Name + "@" + c.Version
		}
		// "|" stands in no canonical purl, so that no ref is made twice.
		if n := taken[ref]; n > 0 || strings.Contains(ref, "|") {
			ref += "|" + strconv.Itoa(n+1)
		}
		taken[cutRef(ref)]++
		g.refs[i] = ref
	}
	g.within, g.without = make([][]int, len(g.refs)), make([][]string, len(g.refs))
	for i := range doc.Components {
		g.within[i], g.without[i] = g.needs(&doc.Components[i])
	}
	return g
}

// cutRef is a ref without the number that tells equal ones apart.
func cutRef(ref string) string {
	if at := strings.LastIndexByte(ref, '|'); at >= 0 {
		return ref[:at]
	}
	return ref
}

// needs gives the components that c depends on, by index and sorted, and the
// purls that no component of the document has.
func (g *graph) needs(c *boltseal.Component) (within []int, without []string) {
	if len(c.DependsOn) == 0 {
		return nil, nil
	}
	within = make([]int, 0, len(c.DependsOn))
	for _, purl := range c.DependsOn {
		if i, ok := g.first[purl]; ok {
			within = append(within, i)
		} else {
			without = append(without, purl)
		}
	}
	slices.Sort(within)
	slices.Sort(without)
	return slices.Compact(within), slices.Compact(without)
}

// tops are the components that the artifact itself is said to depend on:
// those that the project asks for, and as many others as it takes to reach
// every component from there.
func (g *graph) tops(doc *Document) []int {
	reached := make([]bool, len(doc.Components))
	needed := make([]bool, len(doc.Components))
	for i := range doc.Components {
		for _, j := range g.within[i] {
			needed[j] = needed[j] || i != j
		}
	}
	var tops []int
	reach := func(i int) {
		stack := []int{i}
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if reached[i] {
				continue
			}
			reached[i] = true
			stack = append(stack, g.within[i]...)
		}
	}
	for i := range doc.Components {
		if doc.Components[i].Direct || !needed[i] {
			tops = append(tops, i)
			reach(i)
		}
	}
	for i := range doc.Components {
		if !reached[i] { // a circle that nothing outside of it needs
			tops = append(tops, i)
			reach(i)
		}
	}
	slices.Sort(tops)
	return tops
}

// layerPlace is where a layer is: at this index of this image of an index, or
// of the artifact itself when child is negative.
type layerPlace struct{ child, index int }

// String is the place as documents name it.
func (p layerPlace) String() string {
	if p.child < 0 {
		return strconv.Itoa(p.index)
	}
	return strconv.Itoa(p.child) + "." + strconv.Itoa(p.index)
}

// layers gives every layer of the artifact and of its children.
func (d *Document) layers() iter.Seq2[layerPlace, *boltseal.Layer] {
	return func(yield func(layerPlace, *boltseal.Layer) bool) {
		for i := range d.Artifact.Layers {
			if !yield(layerPlace{-1, i}, &d.Artifact.Layers[i]) {
				return
			}
		}
		for child := range d.Children {
			for i := range d.Children[child].Layers {
				if !yield(layerPlace{child, i}, &d.Children[child].Layers[i]) {
					return
				}
			}
		}
	}
}

// layerIndex finds layers by their digests.
func (d *Document) layerIndex() map[boltseal.Digest]layerPlace {
	index := map[boltseal.Digest]layerPlace{}
	for at, l := range d.layers() {
		for _, digest := range [...]boltseal.Digest{l.DiffID, l.Digest} {
			if _, known := index[digest]; !known && digest != "" {
				index[digest] = at
			}
		}
	}
	return index
}

// layerOf finds the layer that a component's first place is in.
func layerOf(index map[boltseal.Digest]layerPlace, c *boltseal.Component) (layerPlace, bool) {
	if len(c.Locations) == 0 {
		return layerPlace{}, false
	}
	at, ok := index[c.Locations[0].Layer]
	return at, ok
}

// contentID is a UUID of the content (RFC 9562, section 5.8): the same bytes
// get the same one.
func contentID(content []byte) string {
	sum := sha256.Sum256(content)
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
