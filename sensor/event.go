package sensor

import (
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor/bpf"
)

// Event is one thing that a process did. It implements [rule.Event]. It is
// used again for the next one: whoever keeps it must [Event.Clone] it.
type Event struct {
	Header  bpf.Header
	Process *Process
	At      time.Time

	name  string
	call  *call
	table *table
	users *userTable
	num   uint64
	parts [24][]byte

	file    bpf.File
	sock    bpf.Sock
	hasFile bool
	hasSock bool
	fdName  string
	fdKnown bool
}

// Source is the rules' name for events of the kernel.
func (e *Event) Source() string { return "syscall" }

// Name is the event's type in rules.
func (e *Event) Name() string { return e.name }

// When is the time at which it happened.
func (e *Event) When() time.Time { return e.At }

// Field implements [rule.Event].
func (e *Event) Field(id rule.FieldID, arg rule.Arg, v *rule.Value) {
	if get := extractors()[id]; get != nil {
		get(e, arg, v)
	}
}

// Clone gives an event of its own, that stays as it is.
func (e *Event) Clone() *Event {
	c := *e
	for i, part := range e.parts {
		if part != nil {
			c.parts[i] = append([]byte(nil), part...)
		}
	}
	return &c
}

// load takes a record in. The bytes stay the record's.
func (e *Event) load(raw []byte) {
	e.parts = [24][]byte{}
	e.hasFile, e.hasSock, e.fdKnown, e.fdName = false, false, false, ""
	for tag, part := range bpf.Parts(raw) {
		if int(tag) < len(e.parts) {
			e.parts[tag] = part
		}
	}
	e.file, e.hasFile = bpf.DecodeFile(e.parts[bpf.TagFD])
	e.sock, e.hasSock = bpf.DecodeSock(e.parts[bpf.TagSock])
}

// Result is what the call returned.
func (e *Event) Result() int64 { return e.Header.Ret }

// Report is the event as alerts and findings hold it, with the values of the
// rule that it matched.
func (e *Event) Report(values map[string]any) *boltseal.Event {
	out := &boltseal.Event{Time: e.At, Source: e.Source(), Name: e.name, Fields: map[string]string{}}
	for name, value := range values {
		if value != nil {
			out.Fields[name] = stringOf(value)
		}
	}
	if e.Process != nil {
		out.Workload = e.Process.Container.Workload()
	}
	return out
}

func stringOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// pathArg is a path argument, resolved against the directory that the call
// gave, and cleaned. What the caller wrote decides nothing: links in it are
// the kernel's matter, and fd.name has what was opened.
func (e *Event) pathArg(i, dir int) (string, bool) {
	raw := e.parts[int(bpf.TagPath0)+i]
	if raw == nil {
		return "", false
	}
	name := string(raw)
	if strings.HasPrefix(name, "/") {
		return path.Clean(name), true
	}
	base := e.parts[bpf.TagCwd]
	if dir >= 0 && int32(uint32(e.Header.Args[dir])) != atFDCwd {
		base = e.parts[int(bpf.TagDir0)+dir]
	}
	if base == nil {
		return name, true
	}
	if name == "" {
		return bpf.Path(base), true
	}
	return path.Join(bpf.Path(base), name), true
}

// atFDCwd stands for the working directory (openat(2)).
const atFDCwd = -100

// Magic numbers of file systems whose files have no path.
const (
	pipeFS  = 0x50495045
	anonFS  = 0x09041934
	sockFS  = 0x534F434B
	nsFS    = 0x6e736673
	formatM = 0o170000
)

// openedName is what fd.name says of the descriptor at hand.
func (e *Event) openedName() (string, bool) {
	if e.fdKnown {
		return e.fdName, e.fdName != ""
	}
	e.fdKnown = true
	switch {
	case e.hasSock:
		e.fdName = e.tuple()
	case e.hasFile:
		name := bpf.Path(e.parts[bpf.TagFDPath])
		if e.file.Memfd || e.file.Magic == pipeFS || e.file.Magic == anonFS || e.file.Magic == nsFS {
			name = strings.TrimPrefix(name, "/")
		}
		e.fdName = name
	case e.isOpen():
		e.fdName, _ = e.pathArg(e.call.path, e.call.dir)
	}
	return e.fdName, e.fdName != ""
}

// isOpen tells whether the event is one of those that open a file by a path.
func (e *Event) isOpen() bool {
	return e.call != nil && e.call.path != noPath && e.call.read&bpf.ReadNewFD != 0
}

const (
	afUnix  = 1
	afInet  = 2
	afInet6 = 10
)

// ends are the two ends of the event's connection. The address that the call
// names comes before what the socket holds: a refused connection holds none.
func (e *Event) ends() (local, remote netip.AddrPort, ok bool) {
	if !e.hasSock {
		return local, remote, false
	}
	switch e.sock.Family {
	case afInet:
		local = netip.AddrPortFrom(netip.AddrFrom4([4]byte(e.sock.Local[:4])), e.sock.LocalPort)
		remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte(e.sock.Remote[:4])), e.sock.RemotePort)
	case afInet6:
		local = netip.AddrPortFrom(netip.AddrFrom16(e.sock.Local).Unmap(), e.sock.LocalPort)
		remote = netip.AddrPortFrom(netip.AddrFrom16(e.sock.Remote).Unmap(), e.sock.RemotePort)
	default:
		return local, remote, false
	}
	if a, ok := sockaddr(e.parts[bpf.TagAddr]); ok {
		if e.name == "bind" {
			local = a
		} else {
			remote = a
		}
	}
	return local, remote, true
}

// sockaddr reads a socket address as programs give it.
func sockaddr(b []byte) (netip.AddrPort, bool) {
	if len(b) < 8 {
		return netip.AddrPort{}, false
	}
	port := uint16(b[2])<<8 | uint16(b[3])
	switch int(b[0]) | int(b[1])<<8 {
	case afInet:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port), true
	case afInet6:
		if len(b) >= 24 {
			return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])).Unmap(), port), true
		}
	}
	return netip.AddrPort{}, false
}

// unixName is the name of the unix socket at hand.
func (e *Event) unixName() string {
	if b := e.parts[bpf.TagAddr]; len(b) > 2 && b[0] == afUnix && b[1] == 0 {
		name, _, _ := strings.Cut(strings.TrimPrefix(string(b[2:]), "\x00"), "\x00")
		return name
	}
	return string(e.parts[bpf.TagUnix])
}

// weServe tells whether this end of the connection is the server's.
func (e *Event) weServe() bool {
	switch e.name {
	case "accept", "accept4", "listen", "bind":
		return true
	case "connect":
		return false
	}
	const listening = 10 // TCP_LISTEN
	if e.sock.State == listening {
		return true
	}
	local, remote, _ := e.ends()
	return remote.Port() > local.Port() && local.Port() != 0
}

// clientServer are the ends by their roles.
func (e *Event) clientServer() (client, server netip.AddrPort, ok bool) {
	local, remote, ok := e.ends()
	if !ok {
		return client, server, false
	}
	if e.weServe() {
		return remote, local, true
	}
	return local, remote, true
}

// tuple is a socket's name in rules: client->server, or where it listens.
func (e *Event) tuple() string {
	if e.sock.Family == afUnix {
		return e.unixName()
	}
	client, server, ok := e.clientServer()
	switch {
	case !ok:
		return ""
	case e.name == "listen" || e.name == "bind":
		return endpoint(server)
	}
	return endpoint(client) + "->" + endpoint(server)
}

func endpoint(a netip.AddrPort) string {
	return a.Addr().String() + ":" + strconv.Itoa(int(a.Port()))
}

// typeChar is the letter that rules have for kinds of files.
func (e *Event) typeChar() (char, name string) {
	if e.hasSock {
		switch e.sock.Family {
		case afInet:
			return "4", "ipv4"
		case afInet6:
			return "6", "ipv6"
		case afUnix:
			return "u", "unix"
		case 16:
			return "n", "netlink"
		}
		return "o", "other"
	}
	if !e.hasFile {
		if e.isOpen() {
			return "f", "file"
		}
		return "", ""
	}
	switch e.file.Mode & formatM {
	case 0o100000:
		if e.file.Memfd {
			return "m", "memfd"
		}
		return "f", "file"
	case 0o040000:
		return "d", "directory"
	case 0o010000:
		return "p", "pipe"
	case 0o140000:
		return "o", "other"
	case 0o020000, 0o060000:
		return "f", "file"
	}
	anon := map[string][2]string{"[eventfd]": {"e", "event"}, "[timerfd]": {"t", "timerfd"}, "[signalfd]": {"s", "signalfd"},
		"[eventpoll]": {"l", "eventpoll"}, "inotify": {"i", "inotify"}, "[userfaultfd]": {"x", "userfaultfd"}, "bpf-prog": {"b", "bpf"}, "bpf-map": {"b", "bpf"}}
	label := strings.TrimPrefix(bpf.Path(e.parts[bpf.TagFDPath]), "/")
	if kind, ok := anon[label]; ok {
		return kind[0], kind[1]
	}
	return "o", "other"
}

// openFlagsOf are the flags of the call that opened something.
func (e *Event) openFlags() (uint64, bool) {
	switch e.name {
	case "open":
		return e.Header.Args[1], true
	case "openat":
		return e.Header.Args[2], true
	case "creat":
		return openCreate | openTrunc | 1, true
	case "openat2":
		if how := e.parts[bpf.TagHow]; len(how) >= 8 {
			return nativeUint64(how), true
		}
	}
	return 0, false
}
