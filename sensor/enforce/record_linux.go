//go:build amd64 || arm64

package enforce

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/cilium/ebpf/ringbuf"
)

// Kinds of records besides verdicts.
const (
	groupBegan = 3
	groupEnded = 4
)

// record is struct decision of the kernel's side.
type record struct {
	time, group         uint64
	verdict, act        uint32
	policy, tgid, uid   uint32
	comm                string
	addr                [16]byte
	port, family, depth uint16
	names               []byte
}

const (
	recordHead = 88
	recordSize = recordHead + 512
	groupName  = 85 // bytes for each name of a control group
	fileName   = 64
)

var errRecord = errors.New("a record of prevention is too short")

func decode(raw []byte) (*record, error) {
	if len(raw) < recordSize {
		return nil, errRecord
	}
	le := binary.NativeEndian
	u32 := func(at int) uint32 { return le.Uint32(raw[at:]) }
	d := &record{
		time: le.Uint64(raw), group: le.Uint64(raw[8:]), verdict: u32(16), act: u32(20), policy: u32(24), tgid: u32(28), uid: u32(36),
		comm: text(raw[48:64]), addr: [16]byte(raw[64:80]),
		port: le.Uint16(raw[80:]), family: le.Uint16(raw[82:]), depth: le.Uint16(raw[84:]),
		names: raw[recordHead:recordSize],
	}
	return d, nil
}

func text(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// path joins the names, which lie in slots of so many bytes, from the leaf up.
func (d *record) path(slot int) string {
	var names []string
	for i := min(int(d.depth), len(d.names)/slot) - 1; i >= 0; i-- {
		if name := text(d.names[i*slot : (i+1)*slot]); name != "" && name != "/" {
			names = append(names, name)
		}
	}
	return "/" + strings.Join(names, "/")
}

// file is what a verdict is about: a path, or a word such as the type of a
// file system to mount.
func (d *record) file() string {
	switch {
	case d.depth == 0:
		return ""
	case Act(d.act) == Mount:
		return text(d.names[:fileName])
	case int(d.depth) == 8:
		return "…" + d.path(fileName)
	}
	return d.path(fileName)
}

func (d *record) to() netip.AddrPort {
	if d.family == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(netip.AddrFrom16(d.addr).Unmap(), d.port)
}

// read takes the next record, nil when none comes until the deadline.
func (e *Enforcer) read(deadline time.Time) (*record, error) {
	if e.reader == nil {
		time.Sleep(time.Until(deadline))
		return nil, nil
	}
	e.reader.SetDeadline(deadline)
	var raw ringbuf.Record
	err := e.reader.ReadInto(&raw)
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, ringbuf.ErrFlushed) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ring of prevention: %w", err)
	}
	return decode(raw.RawSample)
}
