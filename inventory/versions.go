package inventory

import (
	"context"
	"io"
	"io/fs"

	"github.com/boltseal/boltseal"
)

// Version is what one layer put under a path.
type Version struct {
	Layer   boltseal.Digest   // its DiffID
	Content *io.SectionReader // nil when it is not at hand
}

// maxVersions is how many versions of one database are read, the newest ones.
const maxVersions = 40

// date says of each component of a database which layer brought it: the lowest
// one from which on every version of the database has it. Where that cannot be
// told, it is the lowest of which it can.
func (r *reading) date(ctx context.Context, reader *Reader, it *item, w want, found []boltseal.Component) {
	versions := r.opts.Versions(it.real)
	if len(versions) < 2 {
		return
	}
	since := make([]boltseal.Digest, len(found))
	open := make([]int, 0, len(found)) // those that may be older still
	for i := range found {
		if len(found[i].Locations) == 0 {
			since[i] = versions[len(versions)-1].Layer
			open = append(open, i)
		}
	}
	for n := len(versions) - 2; n >= max(0, len(versions)-maxVersions) && len(open) > 0; n-- {
		had, ok := r.had(ctx, reader, w, versions[n])
		if !ok {
			break
		}
		still := open[:0]
		for _, i := range open {
			if had[found[i].PURL] {
				since[i] = versions[n].Layer
				still = append(still, i)
			}
		}
		open = still
	}
	for i, layer := range since {
		if layer != "" {
			found[i].Locations = []boltseal.Location{{File: it.real, Layer: layer}}
		}
	}
}

// had reads an older version. One that cannot be read whole tells nothing:
// it is no part of what is there, and so no gap either.
func (r *reading) had(ctx context.Context, reader *Reader, w want, v Version) (map[string]bool, bool) {
	if v.Content == nil {
		return nil, false
	}
	in := &Input{
		Path: w.path, Size: v.Content.Size(), FS: alone{}, Distro: r.distro, Image: r.opts.Image, Limits: r.opts.Limits,
		File: &file{SectionReader: io.NewSectionReader(v.Content, 0, v.Content.Size()), stop: func() error { return context.Cause(ctx) }},
	}
	components, err := call(ctx, reader, in)
	if err != nil {
		return nil, false
	}
	had := make(map[string]bool, len(components))
	for i := range components {
		had[components[i].PURL] = true
	}
	return had, true
}

// alone is a tree with nothing in it: what stood beside an older version is
// not there any more.
type alone struct{}

func (alone) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
