package safetar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// errTooLong is given for a header that no honest writer would make.
var errTooLong = errors.New("tar: extended header or sparse map of more than 1 MiB")

// paxRecords are the extended header records that matter here. A nil value
// was not given, and an empty one says "as the plain header has it".
type paxRecords struct {
	data []byte // what the values point into

	path, linkpath       []byte
	size, uid, gid       []byte
	mtime, atime, ctime  []byte
	major, minor         []byte
	sparseName           []byte
	sparseSize, realSize []byte
	numBlocks, sparseMap []byte
	pairs                int // offset and numbytes records of sparse format 0.0
	mapData              []byte
}

func (p *paxRecords) reset() {
	*p = paxRecords{data: p.data[:0], mapData: p.mapData[:0]}
}

// readPAX reads an extended header's body; it replaces one read before.
func (r *Reader) readPAX() error {
	p := &r.pax
	p.reset()
	data, err := r.readSpecial(p.data)
	p.data = data
	if err != nil {
		return err
	}
	for len(data) > 0 {
		key, value, rest, ok := paxRecord(data)
		if !ok {
			return fmt.Errorf("%w: malformed extended header", ErrHeader)
		}
		data = rest
		if err := p.set(key, value); err != nil {
			return err
		}
	}
	if p.pairs > 0 {
		p.sparseMap = p.mapData
	}
	return nil
}

// paxRecord cuts one "LENGTH KEY=VALUE\n" off data.
func paxRecord(data []byte) (key, value, rest []byte, ok bool) {
	space := bytes.IndexByte(data, ' ')
	if space < 0 {
		return nil, nil, nil, false
	}
	n, err := strconv.Atoi(string(data[:space]))
	if err != nil || n < 5 || n > len(data) || n <= space+1 || data[n-1] != '\n' {
		return nil, nil, nil, false
	}
	key, value, ok = bytes.Cut(data[space+1:n-1], []byte{'='})
	if !ok || len(key) == 0 {
		return nil, nil, nil, false
	}
	switch string(key) {
	case "path", "linkpath", "uname", "gname":
		ok = bytes.IndexByte(value, 0) < 0
	default:
		ok = bytes.IndexByte(key, 0) < 0
	}
	return key, value, data[n:], ok
}

func (p *paxRecords) set(key, value []byte) error {
	switch string(key) {
	case "path":
		p.path = value
	case "linkpath":
		p.linkpath = value
	case "size":
		p.size = value
	case "uid":
		p.uid = value
	case "gid":
		p.gid = value
	case "mtime":
		p.mtime = value
	case "atime":
		p.atime = value
	case "ctime":
		p.ctime = value
	case "GNU.sparse.major":
		p.major = value
	case "GNU.sparse.minor":
		p.minor = value
	case "GNU.sparse.name":
		p.sparseName = value
	case "GNU.sparse.size":
		p.sparseSize = value
	case "GNU.sparse.realsize":
		p.realSize = value
	case "GNU.sparse.numblocks":
		p.numBlocks = value
	case "GNU.sparse.map":
		p.sparseMap = value
	case "GNU.sparse.offset", "GNU.sparse.numbytes":
		// Format 0.0 repeats two keys in turn; joined they are format 0.1.
		if offset := string(key) == "GNU.sparse.offset"; offset != (p.pairs%2 == 0) || bytes.IndexByte(value, ',') >= 0 {
			return fmt.Errorf("%w: sparse map out of order", ErrHeader)
		}
		if p.pairs > 0 {
			p.mapData = append(p.mapData, ',')
		}
		p.mapData = append(p.mapData, value...)
		p.pairs++
	}
	return nil
}

// apply lays the records over the plain header.
func (p *paxRecords) apply(h *Header) error {
	if len(p.path) > 0 {
		h.Name = p.path
	}
	if len(p.linkpath) > 0 {
		h.Link = p.linkpath
	}
	ok := true
	number := func(b []byte, to *int64) {
		if len(b) > 0 {
			n, good := decimal(b)
			*to, ok = n, ok && good
		}
	}
	number(p.size, &h.Size)
	number(p.uid, &h.UID)
	number(p.gid, &h.GID)
	var other int64
	for _, t := range []struct {
		value []byte
		to    *int64
	}{{p.mtime, &h.ModTime}, {p.atime, &other}, {p.ctime, &other}} {
		if len(t.value) > 0 {
			n, good := seconds(t.value)
			*t.to, ok = n, ok && good
		}
	}
	if !ok {
		return fmt.Errorf("%w: an extended header record is no number", ErrHeader)
	}
	return nil
}

// seconds reads "[-]SECONDS[.FRACTION]", rounded down.
func seconds(b []byte) (int64, bool) {
	whole, fraction, _ := bytes.Cut(b, []byte{'.'})
	n, ok := decimal(whole)
	if !ok {
		return 0, false
	}
	below := false
	for i, c := range fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		below = below || c != '0' && i < 9
	}
	if below && whole[0] == '-' {
		n--
	}
	return n, true
}

// readLong reads the body of a GNU long name or long link into to.
func (r *Reader) readLong(to []byte) ([]byte, error) {
	data, err := r.readSpecial(to)
	return cString(data), err
}

// readSpecial reads the current body whole, into to.
func (r *Reader) readSpecial(to []byte) ([]byte, error) {
	to = to[:0]
	if r.left > maxSpecial {
		return to, errTooLong
	}
	for {
		p, err := r.Piece()
		if errors.Is(err, io.EOF) {
			return to, nil
		}
		if err != nil {
			return to, err
		}
		to = append(to, p...)
	}
}
