package layer

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/safetar"
)

// want is a file whose content is to be brought in after its layer was read.
type want struct {
	path   string
	choice Choice
}

// settle finishes a view whose layers were all read: it frees the content
// that no name leads to any more, and brings in the files that are wanted
// under names which were not known before.
func (f *FS) settle(ctx context.Context) error {
	live, wants := f.census()
	f.rd.store.drop(func(c content) bool { return live[c] })
	return f.bring(ctx, wants)
}

// census walks the whole view. It returns which contents are in it, and which
// files the selection wants under names it was not asked about yet.
func (f *FS) census() (live []bool, wants map[inodeID]want) {
	q := asker{f: f, wants: map[inodeID]want{}, left: f.t.count}
	live = make([]bool, len(f.rd.store.items)+1)
	var links []nodeID
	f.t.each(root, func(n nodeID) {
		switch inode := f.t.of(n); {
		case inode.kind() == kindLink:
			links = append(links, n)
		case inode.kind() != kindFile:
		case inode.content.kept():
			live[inode.content] = true
		case f.t.node(n).unasked():
			q.ask(n, f.t.path(n), true)
		}
	})
	for _, all := range f.versions {
		for _, v := range all {
			if v.content.kept() {
				live[v.content] = true
			}
		}
	}
	if f.rd.opts.Select != nil {
		q.follow(links)
	}
	return live, q.wants
}

// asker asks the selection about further names of files that are not kept.
type asker struct {
	f     *FS
	wants map[inodeID]want
	left  int // names that it may still make up
}

// ask asks about one name of a file. The first bytes may decide about hard
// links, which are files of their own, but not about other names: every name
// of a file has the same first bytes, and looking at them is a second pass.
func (q *asker) ask(n nodeID, name string, sniff bool) {
	i := q.f.t.node(n).inode
	inode := q.f.t.inode(i)
	if q.f.rd.opts.Select == nil || inode.content.kept() || inode.content == refused || q.wants[i].choice == Keep {
		return
	}
	choice := q.f.rd.opts.Select(name, inode.size, inode.fileMode())
	if choice == Keep || choice == Sniff && sniff && inode.content != sniffedNo {
		q.wants[i] = want{name, choice}
	}
}

// follow asks about the names that symbolic links give to files, and to all
// that is below directories.
func (q *asker) follow(links []nodeID) {
	type alias struct {
		link, dir nodeID
		depth     int
	}
	t, walk := q.f.t, &q.f.walk
	walk.allow(len(links))
	var dirs []alias
	for _, n := range links {
		path := t.path(n)
		to, err := walk.resolve([]byte(path), follow, 0)
		switch {
		case err != nil && walk.budget < 0:
			q.f.rd.gaps.add(boltseal.Gap{Kind: gapLimit, What: "names through symbolic links", Why: err.Error()})
			return
		case err != nil: // it leads nowhere
		case t.isDir(to):
			dirs = append(dirs, alias{n, to, strings.Count(path, "/")})
		case t.of(to).kind() == kindFile && q.left > 0:
			q.left--
			q.ask(to, path, false)
		}
	}
	slices.SortFunc(dirs, func(a, b alias) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.link, b.link))
	})
	for _, d := range dirs {
		if q.left <= 0 {
			return
		}
		q.below(d.dir, []byte(t.path(d.link)))
	}
}

// below asks about all files below dir as if it were at path.
func (q *asker) below(dir nodeID, path []byte) {
	t := q.f.t
	path = append(path, '/')
	for c := t.node(dir).first; c != 0 && q.left > 0; c = t.node(c).sibling {
		if t.node(c).inode == 0 {
			continue
		}
		q.left--
		switch inode := t.of(c); {
		case inode.kind() == kindDir:
			q.below(c, append(path, t.name(c)...))
		case inode.kind() == kindFile && !inode.content.kept():
			q.ask(c, string(append(path, t.name(c)...)), false)
		}
	}
}

// bring reads the layers that hold the wanted files once more and keeps them.
func (f *FS) bring(ctx context.Context, wants map[inodeID]want) error {
	places := map[int]map[int64]inodeID{} // by layer and offset
	for i := range wants {
		inode := f.t.inode(i)
		layer := int(inode.layer) - 1
		if places[layer] == nil {
			places[layer] = map[int64]inodeID{}
		}
		places[layer][inode.pos] = i
	}
	f.rd.entries.Store(0) // the ceilings are for one look at the image
	f.rd.bytes.Store(0)
	results := make([]map[inodeID]content, len(f.layers))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(f.rd.opts.Jobs)
	for layer, at := range places {
		g.Go(func() (err error) {
			results[layer], err = f.rebring(ctx, layer, at, wants)
			return err
		})
	}
	err := g.Wait()
	f.rd.codecs.close()
	if err != nil {
		return err
	}
	for _, result := range results {
		for i, c := range result {
			f.t.inode(i).content = c
		}
	}
	return f.rd.store.settle()
}

// rebring reads one layer once more, for the files at the offsets given.
func (f *FS) rebring(ctx context.Context, layer int, at map[int64]inodeID, wants map[inodeID]want) (map[inodeID]content, error) {
	result := make(map[inodeID]content, len(at))
	k := &keeper{rd: f.rd, layer: layer}
	holes := false
	for _, i := range at {
		inode := f.t.inode(i)
		if !f.rd.plain[layer] || inode.sparse() {
			holes = true
			continue
		}
		var err error
		if result[i], err = k.inPlace(inode, wants[i]); err != nil {
			return nil, fmt.Errorf("layer %d of %d: %w", layer+1, len(f.layers), err)
		}
	}
	if !holes {
		return result, nil
	}
	got, err := f.rd.pass(ctx, layer, func(r *safetar.Reader, h *safetar.Header) (err error) {
		i, wanted := at[h.Offset]
		if _, have := result[i]; !wanted || have || !h.HasBody() {
			return nil
		}
		result[i], err = k.take(r, h, wants[i].path, wants[i].choice)
		return err
	})
	if was := f.layers[layer]; err == nil && (got.Digest != was.Digest || got.DiffID != was.DiffID) {
		err = fmt.Errorf("layer %d of %d: it is not what it was when it was read first", layer+1, len(f.layers))
	}
	return result, err
}

// inPlace keeps a file of an uncompressed layer where it is.
func (k *keeper) inPlace(inode *inode, w want) (content, error) {
	it, ask := item{at: k.rd.blobs[k.layer].At, off: inode.pos, size: inode.size}, false
	if w.choice == Sniff && k.rd.opts.Sniff != nil {
		head := make([]byte, min(headSize, it.size))
		if _, err := io.ReadFull(it.section(), head); err != nil {
			return notKept, fmt.Errorf("%s: %w", w.path, unexpected(err))
		}
		if !k.rd.opts.Sniff(w.path, head) {
			return sniffedNo, nil
		}
		ask = k.rd.opts.Accept != nil
	}
	if most := k.rd.opts.Limits.FileBytes; most > 0 && it.size > most {
		k.rd.gaps.limit(w.path, k.layer, &limit.Error{What: "file", Max: most, Unit: "bytes", Flag: "--max-file-bytes"})
		return refused, nil
	}
	if ask && !k.accepts(w.path, &it) {
		return sniffedNo, nil
	}
	return k.rd.store.add(it), nil
}
