package layer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/safetar"
)

// Read reads the blobs, lowest layer first, and returns the view over them.
// Any blob that cannot be read to its end, breaks a limit of the whole or is
// not what its digests claim is an error; a single file that cannot be kept
// is a gap, see [FS.Gaps].
//
// A file is kept if Options.Select wants it under any of its names: its path
// in its layer, its path in the view where that differs, the names of hard
// links to it, of symbolic links to it, and its paths through links to the
// directories above it (the links nearest to the root first, and in all about
// as many such names as the image has files). If that is found out too late,
// the layer that holds it is read a second time.
func Read(ctx context.Context, blobs []Blob, opts *Options) (*FS, error) {
	if len(blobs) > maxLayers {
		return nil, fmt.Errorf("read layers: %d are more than %d", len(blobs), maxLayers)
	}
	rd := newReading(blobs, opts)
	f := &FS{rd: rd, layers: make([]boltseal.Layer, len(blobs))}
	m := newMerger(rd.opts.Limits, &rd.gaps)
	err := rd.all(ctx, f.layers, m)
	rd.codecs.close()
	rd.opts.Stream, rd.opts.Progress = nil, nil // a second look is nobody's concern
	if err == nil {
		f.t, f.walk, f.versions = m.t, m.walk, m.versions
		err = f.settle(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, rd.store.close())
	}
	return f, nil
}

// all reads every layer, large ones first so that no core is left waiting for
// one at the end, and merges them in order as soon as those below are there.
func (rd *reading) all(ctx context.Context, layers []boltseal.Layer, m *merger) error {
	order := make([]int, len(rd.blobs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(rd.blobs[a].Size, rd.blobs[b].Size) })
	var mu sync.Mutex
	logs := make([]*log, len(rd.blobs))
	next := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(rd.opts.Jobs)
	for _, i := range order {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			s := &scan{keeper: keeper{rd: rd, layer: i}}
			layer, err := rd.pass(ctx, i, s.entry)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			layers[i], logs[i] = layer, &s.log
			for ; next < len(logs) && logs[next] != nil; next++ {
				if err := m.merge(logs[next]); err != nil {
					return err
				}
				logs[next] = nil
			}
			return nil
		})
	}
	return g.Wait()
}

// scan is the first pass over one layer: it logs every entry and keeps what
// the selection wants.
type scan struct {
	keeper
	log  log
	path []byte
	link []byte
}

// entry is the scan's visit.
func (s *scan) entry(r *safetar.Reader, h *safetar.Header) error {
	rd := s.rd
	var path, link []byte
	path, s.path = clean(h.Name, s.path)
	rec := record{
		kind: h.Type, path: path, size: h.Size, pos: h.Offset, mtime: h.ModTime,
		mode: h.Mode, uid: h.UID, gid: h.GID, sparse: h.Sparse,
	}
	if s.tooLong(path, path, "path") {
		return nil
	}
	switch h.Type {
	case safetar.Regular, safetar.Contig, safetar.GNUSparse:
		rec.kind = safetar.Regular
		if _, base := split(path); len(path) == 0 || bytes.HasPrefix(base, whiteout) {
			break
		}
		choice, name := Keep, string(path)
		if rd.opts.Select != nil {
			choice = rd.opts.Select(name, h.Size, permissions(h.Mode))
		}
		var err error
		if rec.content, err = s.take(r, h, name, choice); err != nil {
			return err
		}
		rec.dated = choice == Keep && rd.opts.Versions != nil && rd.opts.Versions(name)
	case safetar.HardLink:
		link, s.link = clean(h.Link, s.link)
		rec.link = link
		if s.tooLong(path, link, "link's target") {
			return nil
		}
	case safetar.Symlink:
		rec.link = h.Link
		if s.tooLong(path, h.Link, "link's target") {
			return nil
		}
	case safetar.Directory, safetar.FIFO:
	case safetar.CharDev, safetar.BlockDev:
		rec.major, rec.minor = h.Major, h.Minor
	default:
		rd.gaps.file(string(path), s.layer, fmt.Sprintf("unknown type %q of tar entry", h.Type))
		return nil
	}
	grown := s.log.append(&rec)
	if most := namesCeiling(rd.opts.Limits); rd.names.Add(int64(grown)) > most {
		return tooManyNames(most)
	}
	return nil
}

// tooLong records a gap when a name cannot be kept.
func (s *scan) tooLong(path, name []byte, what string) bool {
	most := s.rd.opts.Limits.PathLength
	if most <= 0 || most > maxText {
		most = maxText
	}
	if int64(len(name)) <= most {
		return false
	}
	s.rd.gaps.limit(string(path), s.layer, &limit.Error{What: what, Max: most, Unit: "bytes", Flag: "--max-path-length"})
	return true
}
