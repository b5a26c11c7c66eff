package layer

import "encoding/binary"

// record is what a layer says of one entry.
type record struct {
	kind    byte   // as in safetar
	path    []byte // clean
	link    []byte // symbolic: as stored; hard: clean
	size    int64
	pos     int64 // of the stored content in the layer's tar
	mtime   int64
	mode    int64
	uid     int64
	gid     int64
	major   int64
	minor   int64
	content content
	sparse  bool
	dated   bool // every layer's version of it is wanted
}

// log is a layer's entries in the archive's order. Layers are read side by
// side and merged in order, so entries wait here: a record takes some 30
// bytes, since paths share their beginnings with the one before.
type log struct {
	chunks [][]byte
	path   []byte
	pos    int64
	mtime  int64
}

const logChunk = 64 << 10

// append logs a record, and returns how many bytes of names that took.
func (l *log) append(r *record) int {
	need := 128 + len(r.path) + len(r.link)
	last := len(l.chunks) - 1
	if last < 0 || cap(l.chunks[last])-len(l.chunks[last]) < need {
		l.chunks = append(l.chunks, make([]byte, 0, max(logChunk>>max(6-len(l.chunks), 0), need)))
		last++
	}
	b := l.chunks[last]
	same := shared(l.path, r.path)
	flags := byte(0)
	if r.sparse {
		flags = 1
	}
	if r.dated {
		flags |= 2
	}
	b = append(b, r.kind, flags)
	b = binary.AppendUvarint(b, uint64(same))
	b = binary.AppendUvarint(b, uint64(len(r.path)-same))
	b = append(b, r.path[same:]...)
	b = binary.AppendUvarint(b, uint64(len(r.link)))
	b = append(b, r.link...)
	b = binary.AppendVarint(b, r.size)
	b = binary.AppendVarint(b, r.pos-l.pos)
	b = binary.AppendVarint(b, r.mtime-l.mtime)
	b = binary.AppendVarint(b, r.mode)
	b = binary.AppendVarint(b, r.uid)
	b = binary.AppendVarint(b, r.gid)
	b = binary.AppendUvarint(b, uint64(r.content+2)) // the special values become small
	if r.kind == '3' || r.kind == '4' {
		b = binary.AppendVarint(b, r.major)
		b = binary.AppendVarint(b, r.minor)
	}
	l.chunks[last] = b
	l.path = append(l.path[:0], r.path...)
	l.pos, l.mtime = r.pos, r.mtime
	return len(r.path) - same + len(r.link)
}

// shared is how many bytes a and b have in common at their start.
func shared(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// replay gives the records in order, each valid until the next, and frees
// the log as it goes.
func (l *log) replay(each func(*record)) {
	var r record
	l.path, l.pos, l.mtime = l.path[:0], 0, 0
	for i, b := range l.chunks {
		l.chunks[i] = nil
		for len(b) > 0 {
			d := decoder{b[2:]}
			r.kind, r.sparse, r.dated = b[0], b[1]&1 != 0, b[1]&2 != 0
			same := d.uvarint()
			l.path = append(l.path[:same], d.bytes(d.uvarint())...)
			r.path = l.path
			r.link = d.bytes(d.uvarint())
			r.size = d.varint()
			l.pos += d.varint()
			l.mtime += d.varint()
			r.pos, r.mtime = l.pos, l.mtime
			r.mode, r.uid, r.gid = d.varint(), d.varint(), d.varint()
			r.content = content(d.uvarint()) - 2
			r.major, r.minor = 0, 0
			if r.kind == '3' || r.kind == '4' {
				r.major, r.minor = d.varint(), d.varint()
			}
			each(&r)
			b = d.b
		}
	}
	l.chunks = nil
}

// decoder reads what append wrote.
type decoder struct{ b []byte }

func (d *decoder) uvarint() uint64 {
	x, n := binary.Uvarint(d.b)
	d.b = d.b[n:]
	return x
}

func (d *decoder) varint() int64 {
	x, n := binary.Varint(d.b)
	d.b = d.b[n:]
	return x
}

func (d *decoder) bytes(n uint64) []byte {
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}
