package image

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/image"
	"github.com/boltseal/boltseal/source/layer"
)

// Anatomy is what an image is made of, layer by layer.
type Anatomy struct {
	Artifact boltseal.Artifact `json:"artifact"`
	Stored   int64             `json:"stored"` // bytes that are pulled
	Files    int               `json:"files"`  // that the image shows
	Bytes    int64             `json:"bytes"`  // of those
	Wasted   int64             `json:"wasted"` // bytes of files that no container sees
	// Efficiency is the share of the stored files' bytes that the image shows.
	Efficiency float64 `json:"efficiency"`
	Layers     []Part  `json:"layers"`
}

// Part is one layer.
type Part struct {
	boltseal.Layer
	Files   int         `json:"files"`  // that the image shows
	Bytes   int64       `json:"bytes"`  // of those
	Wasted  int64       `json:"wasted"` // bytes that later layers hide
	Largest []Piece     `json:"largest,omitempty"`
	Folders []Piece     `json:"folders,omitempty"` // what its bytes add up to, two levels deep
	Hidden  []HiddenOne `json:"hidden,omitempty"`  // the largest files that later layers hide
}

// Piece is a file or a folder, and its bytes.
type Piece struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// HiddenOne is a file that no container sees.
type HiddenOne struct {
	Piece
	By      int  `json:"by"` // number of the layer that hides it, from 1
	Deleted bool `json:"deleted,omitempty"`
}

// Dissect measures an image. Most bounds the files and folders that are listed
// of a layer.
func Dissect(a *boltseal.Artifact, f *layer.FS, most int) Anatomy {
	lost := f.Lost()
	waste := image.Measure(&image.Image{Artifact: a, Files: f, Lost: lost})
	out := Anatomy{Artifact: *a, Wasted: waste.Bytes, Efficiency: waste.Efficiency, Layers: make([]Part, len(f.Layers()))}
	for n, l := range f.Layers() {
		p := &out.Layers[n]
		p.Layer = l
		if n < len(a.Layers) {
			p.CreatedBy, p.FromBase = a.Layers[n].CreatedBy, a.Layers[n].FromBase
		}
		out.Stored += l.Size
	}
	folders := make([]map[string]int64, len(out.Layers))
	for name, info := range f.Files() {
		n, ok := f.LayerOf(name)
		if !ok || !info.Mode().IsRegular() || n >= len(out.Layers) {
			continue
		}
		p := &out.Layers[n]
		p.Files++
		p.Bytes += info.Size()
		out.Files++
		out.Bytes += info.Size()
		p.Largest = keepLargest(p.Largest, Piece{name, info.Size()}, most, func(x Piece) int64 { return x.Bytes })
		if folders[n] == nil {
			folders[n] = map[string]int64{}
		}
		folders[n][folderOf(name)] += info.Size()
	}
	for n, m := range folders {
		for name, size := range m {
			out.Layers[n].Folders = append(out.Layers[n].Folders, Piece{name, size})
		}
		slices.SortFunc(out.Layers[n].Folders, largestFirst)
		out.Layers[n].Folders = out.Layers[n].Folders[:min(most, len(out.Layers[n].Folders))]
	}
	for _, l := range lost {
		p := &out.Layers[l.Layer]
		p.Wasted += l.Size
		p.Hidden = keepLargest(p.Hidden, HiddenOne{Piece{l.Path, l.Size}, l.By + 1, l.Deleted}, most, func(x HiddenOne) int64 { return x.Bytes })
	}
	for n := range out.Layers {
		slices.SortFunc(out.Layers[n].Largest, largestFirst)
		slices.SortFunc(out.Layers[n].Hidden, func(a, b HiddenOne) int { return largestFirst(a.Piece, b.Piece) })
	}
	return out
}

func largestFirst(a, b Piece) int {
	return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Path, b.Path))
}

// folderOf is the folder of a file, no deeper than two levels.
func folderOf(name string) string {
	parts := strings.SplitN(name, "/", 3)
	if len(parts) == 1 {
		return "/"
	}
	return strings.Join(parts[:len(parts)-1], "/")
}

// keepLargest adds to a list of at most so many, the smallest of which goes.
func keepLargest[T any](list []T, x T, most int, size func(T) int64) []T {
	if most <= 0 {
		return list
	}
	if len(list) < most {
		return append(list, x)
	}
	least := 0
	for n := range list {
		if size(list[n]) < size(list[least]) {
			least = n
		}
	}
	if size(x) > size(list[least]) {
		list[least] = x
	}
	return list
}
