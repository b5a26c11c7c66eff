package sensor

import (
	"net/netip"

	"github.com/boltseal/boltseal/sensor/bpf"
)

// Access is what an event did to a file.
type Access struct {
	Path  string
	Write bool   // it may write, or it changed the name
	Layer Layer  // where the file lies
	Magic uint64 // of its file system; 0 when only the path is known
}

// Layer says in which layer of a container's file system a file lies.
type Layer uint8

// The layers.
const (
	NoLayer    Layer = iota // on no overlay: a volume, /proc, the host
	LowerLayer              // of the image
	UpperLayer              // the container's own
)

// openAccess are the flags that let a descriptor write (O_ACCMODE).
const openAccess = 3

// Access is what the event did to a file, when it did.
func (e *Event) Access() (a Access, ok bool) {
	if e.call == nil || e.Header.Ret < 0 {
		return a, false
	}
	if e.isOpen() {
		if e.hasSock {
			return a, false
		}
		flags, _ := e.openFlags()
		a.Path, ok = e.openedName()
		a.Write = flags&openAccess != 0
		if e.hasFile {
			if e.file.Memfd || e.file.Mode&formatM == 0o040000 {
				return a, false
			}
			a.Layer, a.Magic = Layer(e.file.Layer), e.file.Magic
		}
		return a, ok && a.Path != "" && a.Path[0] == '/'
	}
	switch e.name {
	case "execve", "execveat", "chroot", "pivot_root", "mount", "umount2":
		return a, false
	}
	if e.call.path == noPath {
		return a, false
	}
	a.Path, ok = e.pathArg(e.call.path, e.call.dir)
	a.Write = true
	return a, ok && a.Path != "" && a.Path[0] == '/'
}

// Flow is what an event says of a connection.
type Flow struct {
	Local, Remote netip.AddrPort
	Datagram      bool
	Inbound       bool // the other end began it, or is waited for
	Data          []byte
}

const datagramSocket = 2

// Flow is the connection that the event is about, when it is about one of the
// internet's.
func (e *Event) Flow() (f Flow, ok bool) {
	f.Local, f.Remote, ok = e.ends()
	if !ok {
		return f, false
	}
	f.Datagram = e.sock.Type == datagramSocket
	switch e.name {
	case "accept", "accept4", "listen", "bind":
		f.Inbound = true
	}
	f.Data = e.parts[bpf.TagData]
	return f, true
}

// CapabilityNames are the names of capabilities, by their numbers.
func CapabilityNames() []string {
	names := make([]string, len(capabilities.names))
	for i, f := range capabilities.names {
		names[i] = f.name
	}
	return names
}
