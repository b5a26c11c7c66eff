package layer

import (
	"bytes"
	"io/fs"

	"github.com/boltseal/boltseal/internal/limit"
)

// resolver finds what paths lead to, never outside the root: ".." at the root
// stays there, and absolute links start from it.
type resolver struct {
	t      *tree
	depth  int64 // links that one path may lead through
	budget int64 // steps beyond links that all paths together may still take
	total  int64 // what budget was at first; 0 is no ceiling
	links  int64 // that the last path led through
	bufs   [2][]byte
}

// hardDepth is the depth when limits set none: paths must end somewhere.
const hardDepth = 255

func newResolver(t *tree, limits limit.Limits) resolver {
	r := resolver{t: t, depth: limits.Depth, budget: 1 << 20, total: 1 << 20}
	if r.depth <= 0 || r.depth > hardDepth {
		r.depth = hardDepth
	}
	return r
}

// allow lets n more paths take the steps that honest ones do.
func (r *resolver) allow(n int) {
	r.budget += int64(n) * 64
	r.total += int64(n) * 64
}

// How resolve treats the end of a path and names that are not there.
type how uint8

const (
	follow how = 1 << iota // go through a link that is the last name
	create                 // make directories where there is none
)

// resolve walks path from the root. With create, layer is who makes it.
func (r *resolver) resolve(path []byte, how how, layer uint16) (nodeID, error) {
	t, at := r.t, root
	r.links = 0
	for len(path) > 0 {
		var name []byte
		name, path, _ = bytes.Cut(path, []byte{'/'})
		switch string(name) {
		case "", ".":
			continue
		case "..":
			at = t.node(at).parent
			continue
		}
		if r.links > 0 && r.total > 0 {
			if r.budget--; r.budget < 0 {
				return 0, &limit.Error{What: "paths through symbolic links", Max: r.total, Unit: "steps", Flag: "--max-entries"}
			}
		}
		n := t.child(at, name)
		switch {
		case n == 0 && how&create == 0:
			return 0, fs.ErrNotExist
		case n == 0:
			n = t.add(at, name, implicit, layer)
		}
		inode := t.of(n)
		last := len(path) == 0
		switch {
		case inode.kind() == kindLink && (!last || how&follow != 0):
			if r.links++; r.links > r.depth {
				return 0, &limit.Error{What: "symbolic links on one path", Max: r.depth, Unit: "links", Flag: "--max-depth"}
			}
			target := t.target(inode)
			if len(target) == 0 {
				return 0, fs.ErrNotExist
			}
			if target[0] == '/' {
				at = root
			}
			// The rest of the path may be in the other buffer.
			buf := &r.bufs[r.links%2]
			*buf = append(append(append((*buf)[:0], target...), '/'), path...)
			path = *buf
			continue
		case inode.kind() != kindDir && how&create != 0:
			t.hide(n)
			n = t.add(at, name, implicit, layer)
		case inode.kind() != kindDir && !last:
			return 0, fs.ErrNotExist
		}
		at = n
	}
	return at, nil
}

// clean makes a path of a tar relative to the root and lexically clean: no
// empty, "." or ".." names and no slash at the ends. The root is empty. The
// result is in buf or part of p.
func clean(p, buf []byte) (path, newBuf []byte) {
	for len(p) > 0 && p[0] == '/' {
		p = p[1:]
	}
	for bytes.HasPrefix(p, []byte("./")) {
		for p = p[1:]; len(p) > 0 && p[0] == '/'; {
			p = p[1:]
		}
	}
	for len(p) > 0 && p[len(p)-1] == '/' {
		p = p[:len(p)-1]
	}
	if isClean(p) {
		return p, buf
	}
	buf = buf[:0]
	for len(p) > 0 {
		var name []byte
		name, p, _ = bytes.Cut(p, []byte{'/'})
		switch string(name) {
		case "", ".":
		case "..":
			buf = buf[:max(bytes.LastIndexByte(buf, '/'), 0)]
		default:
			if len(buf) > 0 {
				buf = append(buf, '/')
			}
			buf = append(buf, name...)
		}
	}
	return buf, buf
}

func isClean(p []byte) bool {
	start := true
	for i, c := range p {
		switch {
		case c == '/':
			if start {
				return false
			}
			start = true
			continue
		case c == '.' && start:
			rest := p[i+1:]
			if len(rest) == 0 || rest[0] == '/' || rest[0] == '.' && (len(rest) == 1 || rest[1] == '/') {
				return false
			}
		}
		start = false
	}
	return true
}
