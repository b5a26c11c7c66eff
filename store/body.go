package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
)

// body is a report in parts: what other reports say too lies in chunks of
// its own. Its JSON is what the report's digest is taken of.
type body struct {
	Report boltseal.Report `json:"report"` // without Components and without the advisories' words
	Layers []part          `json:"layers"` // the components, by the layer that holds them
	Words  [][]byte        `json:"words"`  // of each finding's advisory, nil where it has none
}

type part struct {
	DiffID boltseal.Digest `json:"diffId,omitempty"`
	Chunk  []byte          `json:"chunk"`
}

// parts is a report taken apart.
type parts struct {
	skeleton []byte
	digest   hash
	layers   []layerPart
	words    [][]byte // by finding, nil where it has none
	chunks   [][]byte // all there is to write besides the skeleton
}

type layerPart struct {
	diffID     boltseal.Digest
	hash       hash
	chunk      hash
	components []boltseal.Component
}

// takeApart separates what is one report's own from what it shares.
func takeApart(r *boltseal.Report) (*parts, error) {
	p := &parts{}
	b := body{Report: *r}
	b.Report.Components = nil
	byLayer := map[boltseal.Digest][]boltseal.Component{}
	var order []boltseal.Digest
	for i := range r.Components {
		var layer boltseal.Digest
		if l := r.Components[i].Locations; len(l) > 0 {
			layer = l[0].Layer
		}
		if byLayer[layer] == nil {
			order = append(order, layer)
		}
		byLayer[layer] = append(byLayer[layer], r.Components[i])
	}
	slices.Sort(order)
	for _, diffID := range order {
		components := byLayer[diffID]
		slices.SortStableFunc(components, boltseal.Component.Compare)
		data, err := json.Marshal(components)
		if err != nil {
			return nil, fmt.Errorf("components of layer %s: %w", diffID, err)
		}
		chunk := sha256.Sum256(data)
		p.chunks = append(p.chunks, data)
		p.layers = append(p.layers, layerPart{diffID, sha256.Sum256(append([]byte(diffID+"\x00"), chunk[:]...)), chunk, components})
		b.Layers = append(b.Layers, part{diffID, chunk[:]})
	}
	if err := p.takeWords(&b, r); err != nil {
		return nil, err
	}
	var err error
	if p.skeleton, err = json.Marshal(&b); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	p.digest = sha256.Sum256(p.skeleton)
	return p, nil
}

// takeWords separates the advisories' words from the findings. How likely
// exploitation is changes daily and stays with the finding.
func (p *parts) takeWords(b *body, r *boltseal.Report) error {
	b.Report.Findings = slices.Clone(r.Findings)
	b.Words = make([][]byte, len(r.Findings))
	p.words = make([][]byte, len(r.Findings))
	seen := map[string][]byte{}
	for i := range r.Findings {
		a := r.Findings[i].Advisory
		if a == nil {
			continue
		}
		words := *a
		words.EPSS, words.KEV = nil, nil
		data, err := json.Marshal(&words)
		if err != nil {
			return fmt.Errorf("advisory %s: %w", a.ID, err)
		}
		sum, ok := seen[string(data)]
		if !ok {
			h := sha256.Sum256(data)
			sum = h[:]
			seen[string(data)] = sum
			p.chunks = append(p.chunks, data)
		}
		b.Words[i], p.words[i] = sum, sum
		b.Report.Findings[i].Advisory = &boltseal.Advisory{ID: a.ID, EPSS: a.EPSS, KEV: a.KEV}
	}
	return nil
}

// putTogether is the reverse of takeApart.
func (t *Tx) putTogether(ctx context.Context, digest []byte) (*boltseal.Report, error) {
	data, err := t.chunk(ctx, digest)
	if err != nil {
		return nil, err
	}
	var b body
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fmt.Errorf("report %x: %w", digest, err)
	}
	r := &b.Report
	r.Components = []boltseal.Component{}
	for _, layer := range b.Layers {
		components, err := t.components(ctx, layer.Chunk)
		if err != nil {
			return nil, err
		}
		r.Components = append(r.Components, components...)
	}
	words := map[string]*boltseal.Advisory{}
	for i, sum := range b.Words {
		if i >= len(r.Findings) || sum == nil || r.Findings[i].Advisory == nil {
			continue
		}
		a := words[string(sum)]
		if a == nil {
			if a, err = t.advisoryWords(ctx, sum); err != nil {
				return nil, err
			}
			words[string(sum)] = a
		}
		whole := *a
		whole.EPSS, whole.KEV = r.Findings[i].Advisory.EPSS, r.Findings[i].Advisory.KEV
		r.Findings[i].Advisory = &whole
	}
	r.Sort()
	return r, nil
}

func (t *Tx) advisoryWords(ctx context.Context, sum []byte) (*boltseal.Advisory, error) {
	data, err := t.chunk(ctx, sum)
	if err != nil {
		return nil, err
	}
	var a boltseal.Advisory
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("advisory %x: %w", sum, err)
	}
	return &a, nil
}

func (t *Tx) components(ctx context.Context, chunk []byte) ([]boltseal.Component, error) {
	data, err := t.chunk(ctx, chunk)
	if err != nil {
		return nil, err
	}
	var components []boltseal.Component
	if err := json.Unmarshal(data, &components); err != nil {
		return nil, fmt.Errorf("components %x: %w", chunk, err)
	}
	return components, nil
}
