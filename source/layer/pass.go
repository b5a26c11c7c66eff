package layer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/safetar"
)

// reading is what the passes over several layers share.
type reading struct {
	blobs   []Blob
	opts    Options
	store   *store
	gaps    gaps
	pool    sync.Pool // of buffers
	codecs  *decoders
	plain   []bool // layers whose files can be read where they are
	entries atomic.Int64
	bytes   atomic.Int64 // inflated, of all layers
	names   atomic.Int64 // bytes of names that were logged
}

func newReading(blobs []Blob, opts *Options) *reading {
	rd := &reading{blobs: blobs, plain: make([]bool, len(blobs))}
	if opts != nil {
		rd.opts = *opts
	}
	if rd.opts.Limits == (limit.Limits{}) {
		rd.opts.Limits = limit.Default()
	}
	rd.opts.Jobs = max(rd.opts.Jobs, 1)
	rd.store = &store{limits: rd.opts.Limits, parent: rd.opts.TempDir}
	rd.codecs = newDecoders(rd.opts.Jobs)
	rd.pool.New = func() any { b := make([]byte, bufferSize); return &b }
	return rd
}

// visit is told of each entry of a layer. It may read the entry's content.
type visit func(*safetar.Reader, *safetar.Header) error

// pass reads layer i once: it inflates, hashes and walks it. What it returns
// is the layer as verified.
func (rd *reading) pass(ctx context.Context, i int, each visit) (boltseal.Layer, error) {
	blob := &rd.blobs[i]
	layer, err := rd.open(ctx, i, each)
	if err != nil {
		// A stage that was stopped says so in its own words.
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		name := ""
		if d := blob.Digest; d != "" {
			name = " (" + d.Short() + ")"
		}
		return layer, fmt.Errorf("layer %d of %d%s: %w", i+1, len(rd.blobs), name, err)
	}
	layer.MediaType, layer.CreatedBy, layer.FromBase = blob.MediaType, blob.CreatedBy, blob.FromBase
	return layer, nil
}

// open chooses how to read the layer by what there is of it.
func (rd *reading) open(ctx context.Context, i int, each visit) (boltseal.Layer, error) {
	blob := &rd.blobs[i]
	if blob.At != nil {
		head := make([]byte, min(6, max(blob.Size, 0)))
		if _, err := io.ReadFull(io.NewSectionReader(blob.At, 0, blob.Size), head); err != nil {
			return boltseal.Layer{}, unexpected(err)
		}
		f, err := sniff(head)
		if err != nil {
			return boltseal.Layer{}, err
		}
		if f == plain && !rd.opts.VerifyPlain {
			rd.plain[i] = true
			return rd.skim(ctx, i, each)
		}
		return rd.inflate(ctx, i, io.NopCloser(io.NewSectionReader(blob.At, 0, blob.Size)), each)
	}
	if blob.Open == nil {
		return boltseal.Layer{}, errors.New("there is no way to open it")
	}
	r, err := blob.Open(ctx)
	if err != nil {
		return boltseal.Layer{}, err
	}
	return rd.inflate(ctx, i, r, each)
}

// skim reads an uncompressed layer with random access: headers, and of the
// rest only what is asked for. There is nothing to verify then.
func (rd *reading) skim(ctx context.Context, i int, each visit) (boltseal.Layer, error) {
	blob := &rd.blobs[i]
	if err := rd.count(blob.Size, blob.Size, blob.Size); err != nil {
		return boltseal.Layer{}, err
	}
	layer := boltseal.Layer{Digest: blob.Digest, DiffID: blob.DiffID, Size: blob.Size}
	if layer.Digest == "" {
		layer.Digest = layer.DiffID
	} else if layer.DiffID == "" {
		layer.DiffID = layer.Digest
	}
	told := int64(0)
	r := safetar.NewReader(safetar.FromReaderAt(blob.At, blob.Size))
	err := rd.entriesOf(ctx, r, func(r *safetar.Reader, h *safetar.Header) error {
		if now := r.Offset(); rd.opts.Progress != nil && now-told >= 1<<20 {
			rd.opts.Progress(now - told)
			told = now
		}
		return each(r, h)
	})
	if err != nil {
		return layer, err
	}
	if rd.opts.Progress != nil && blob.Size > told {
		rd.opts.Progress(blob.Size - told)
	}
	if !r.Ended() {
		rd.unended(i)
	}
	return layer, nil
}

// unended records that a layer whose digest nobody checked stops without an
// end marker: it may have been cut between two entries.
func (rd *reading) unended(i int) {
	rd.gaps.add(boltseal.Gap{
		Kind: gapEnd, What: fmt.Sprintf("end of layer %d", i+1),
		Why: "the archive stops without its end marker, and no digest says that this is all of it",
	})
}

// entriesOf walks an archive to its end.
func (rd *reading) entriesOf(ctx context.Context, r *safetar.Reader, each visit) error {
	most := rd.opts.Limits.Entries
	for n := 0; ; n++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if all := rd.entries.Add(1); most > 0 && all > most {
			return &limit.Error{What: "layers of one image", Max: most, Unit: "entries", Flag: "--max-entries"}
		}
		if err := each(r, h); err != nil {
			return err
		}
	}
}

// count adds n inflated bytes. raw are the layer's so far, of stored bytes.
func (rd *reading) count(n, raw, stored int64) error {
	l := &rd.opts.Limits
	if l.LayerBytes > 0 && raw > l.LayerBytes {
		return &limit.Error{What: "inflated layer", Max: l.LayerBytes, Unit: "bytes", Flag: "--max-layer-bytes"}
	}
	if all := rd.bytes.Add(n); l.TotalBytes > 0 && all > l.TotalBytes {
		return &limit.Error{What: "inflated layers together", Max: l.TotalBytes, Unit: "bytes", Flag: "--max-total-bytes"}
	}
	// A ceiling that would overflow is none.
	if l.Ratio > 0 && raw > 64<<20 && raw/l.Ratio > stored {
		return &limit.Error{What: "inflated layer", Max: l.Ratio, Unit: "bytes for each stored byte", Flag: "--max-ratio"}
	}
	return nil
}
