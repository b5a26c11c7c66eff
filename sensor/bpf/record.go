package bpf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
)

// Kind says what a record is about.
type Kind uint16

// The kinds of records; sensor.bpf.c has the same.
const (
	KindSyscall Kind = iota
	KindExec
	KindFork
	KindExit
)

// What is read of a system call besides its arguments; sensor.bpf.c has the
// same bits.
const (
	ReadPath0 uint32 = 1 << iota
	ReadPath1
	ReadPath2
	ReadPath3
	ReadDir0
	ReadDir1
	ReadDir2
	ReadCwd
	ReadFD0
	ReadNewFD
	ReadAddr1
	ReadAddr4
	ReadMsg1
	ReadData1
	ReadOpenHow
	OnlySuccess
	OnlyWrite

	// Wanted sends a call of which nothing but the arguments is read.
	Wanted uint32 = 1 << 31
)

// Tag says what a part of a record is.
type Tag uint16

// The parts of records; sensor.bpf.c has the same numbers.
const (
	TagPath0        Tag = 1 // to 4: a string as the caller gave it
	TagDir0         Tag = 5 // to 7: what the caller's file descriptor holds open
	TagCwd          Tag = 8
	TagFDPath       Tag = 9
	TagFD           Tag = 10
	TagSock         Tag = 11
	TagUnix         Tag = 12
	TagAddr         Tag = 13
	TagData         Tag = 14
	TagExePath      Tag = 15
	TagExe          Tag = 16
	TagArgv         Tag = 17
	TagEnvp         Tag = 18
	TagCgroup       Tag = 19
	TagCgroupParent Tag = 20
	TagHow          Tag = 21
	TagFilename     Tag = 22
	TagCgroupMemory Tag = 23
)

// Indices of the counters.
const (
	CountSent    = 0 // plus the kind
	CountDropped = 4 // plus the kind
	CountCompat  = 8 // system calls of a 32-bit program, which are not read
	Counts       = 9
)

// Header is what every record begins with. Times are nanoseconds since boot,
// process numbers those of the first pid namespace unless they begin with V.
type Header struct {
	Time                                       uint64
	Size                                       uint32
	Kind                                       Kind
	Nr                                         uint16
	TGID, TID, PPID, VPID, VTID, VPGID         uint32
	SID, PGID, UID, GID, EUID, LoginUID        uint32
	TTY, MntNS, PidNS, Flags                   uint32
	Cgroup, Start                              uint64
	CapPermitted, CapEffective, CapInheritable uint64
	Ret                                        int64
	Args                                       [6]uint64
	Comm                                       string
}

const headerSize = 192

var errRecord = errors.New("a record of the kernel is not as long as it says")

// Decode reads a record's header. The parts follow with [Parts].
func Decode(raw []byte, h *Header) error {
	if len(raw) < headerSize {
		return errRecord
	}
	le := binary.NativeEndian
	u32 := func(at int) uint32 { return le.Uint32(raw[at:]) }
	u64 := func(at int) uint64 { return le.Uint64(raw[at:]) }
	h.Time, h.Size, h.Kind, h.Nr = u64(0), u32(8), Kind(le.Uint16(raw[12:])), le.Uint16(raw[14:])
	if int(h.Size) > len(raw) || h.Size < headerSize {
		return errRecord
	}
	h.TGID, h.TID, h.PPID, h.VPID, h.VTID, h.VPGID = u32(16), u32(20), u32(24), u32(28), u32(32), u32(36)
	h.SID, h.PGID, h.UID, h.GID, h.EUID, h.LoginUID = u32(40), u32(44), u32(48), u32(52), u32(56), u32(60)
	h.TTY, h.MntNS, h.PidNS, h.Flags = u32(64), u32(68), u32(72), u32(76)
	h.Cgroup, h.Start = u64(80), u64(88)
	h.CapPermitted, h.CapEffective, h.CapInheritable = u64(96), u64(104), u64(112)
	h.Ret = int64(u64(120))
	for i := range h.Args {
		h.Args[i] = u64(128 + 8*i)
	}
	comm := raw[176:192]
	if end := bytes.IndexByte(comm, 0); end >= 0 {
		comm = comm[:end]
	}
	if h.Comm != string(comm) { // the next record is often the same program's
		h.Comm = string(comm)
	}
	return nil
}

// Parts yields the parts of a record. The bytes are the record's own.
func Parts(raw []byte) iter.Seq2[Tag, []byte] {
	return func(yield func(Tag, []byte) bool) {
		for at := headerSize; at+4 <= len(raw); {
			tag, n := Tag(binary.NativeEndian.Uint16(raw[at:])), int(binary.NativeEndian.Uint16(raw[at+2:]))
			at += 4
			if at+n > len(raw) || !yield(tag, raw[at:at+n]) {
				return
			}
			at += n
		}
	}
}

// File is what the kernel knows of an open file.
type File struct {
	Ino, Magic uint64
	Dev, Flags uint32
	Mode       uint16
	Layer      uint8 // of an overlay: 1 lower, 2 upper
	Memfd      bool
	Links      uint32
}

// DecodeFile reads the part TagFD or TagExe.
func DecodeFile(b []byte) (f File, ok bool) {
	if len(b) < 32 {
		return f, false
	}
	le := binary.NativeEndian
	return File{
		Ino: le.Uint64(b), Magic: le.Uint64(b[8:]), Dev: le.Uint32(b[16:]), Flags: le.Uint32(b[20:]),
		Mode: le.Uint16(b[24:]), Layer: b[26], Memfd: b[27] != 0, Links: le.Uint32(b[28:]),
	}, true
}

// Sock is a socket: its family, type and protocol as the kernel numbers them,
// ports in host order, addresses in network order (the first 4 bytes of IPv4).
type Sock struct {
	Family, Type, Protocol, State uint16
	LocalPort, RemotePort         uint16
	Local, Remote                 [16]byte
}

// DecodeSock reads the part TagSock.
func DecodeSock(b []byte) (s Sock, ok bool) {
	if len(b) < 44 {
		return s, false
	}
	le := binary.NativeEndian
	s = Sock{
		Family: le.Uint16(b), Type: le.Uint16(b[2:]), Protocol: le.Uint16(b[4:]), State: le.Uint16(b[6:]),
		LocalPort: le.Uint16(b[8:]), RemotePort: le.Uint16(b[10:]),
	}
	copy(s.Local[:], b[12:28])
	copy(s.Remote[:], b[28:44])
	return s, true
}

// Path turns names from the leaf up, each ended by a zero byte, into a path
// from the root. What hangs on no tree keeps its only name, such as
// "memfd:x".
func Path(b []byte) string {
	if len(b) == 0 {
		return "/"
	}
	out := make([]byte, len(b)+1)
	at := len(out)
	for len(b) > 0 {
		end := bytes.IndexByte(b, 0)
		if end < 0 {
			end = len(b)
		}
		at -= end
		copy(out[at:], b[:end])
		at--
		out[at] = '/'
		b = b[min(end+1, len(b)):]
	}
	return string(out[at:])
}
