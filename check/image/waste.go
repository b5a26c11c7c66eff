package image

import (
	"cmp"
	"slices"
)

// Waste is how much of an image's layers nobody sees.
type Waste struct {
	Total      int64 // bytes of files in all layers
	Bytes      int64 // of those, hidden by later layers
	Efficiency float64
	Layers     []LayerWaste // most first
}

// LayerWaste is what one layer hides of another.
type LayerWaste struct {
	Layer, By int // indexes
	Bytes     int64
	Largest   string // path of the largest file
	largest   int64
}

// Measure adds up what the layers hold and what of it the image does not
// show. Efficiency is the share of the stored bytes that it shows.
func Measure(img *Image) Waste {
	var w Waste
	if img.Files != nil {
		for _, info := range img.Files.Files() {
			if info.Mode().IsRegular() {
				w.Total += info.Size()
			}
		}
	}
	type pair struct{ layer, by int }
	at := map[pair]int{}
	for _, l := range img.Lost {
		w.Bytes += l.Size
		key := pair{l.Layer, l.By}
		i, ok := at[key]
		if !ok {
			i = len(w.Layers)
			at[key] = i
			w.Layers = append(w.Layers, LayerWaste{Layer: l.Layer, By: l.By})
		}
		if w.Layers[i].Bytes += l.Size; l.Size > w.Layers[i].largest {
			w.Layers[i].Largest, w.Layers[i].largest = l.Path, l.Size
		}
	}
	w.Total += w.Bytes
	w.Efficiency = 1
	if w.Total > 0 {
		w.Efficiency = 1 - float64(w.Bytes)/float64(w.Total)
	}
	slices.SortStableFunc(w.Layers, func(a, b LayerWaste) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return w
}
