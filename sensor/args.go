package sensor

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal/sensor/bpf"
)

func nativeUint64(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

// arg is the value of one argument in the words of rules.
func (e *Event) arg(name string) (string, bool) {
	if e.call == nil {
		return "", false
	}
	if name == "res_or_fd" {
		name = "res"
	}
	for i := range e.call.args {
		a := &e.call.args[i]
		if a.name != name && !(name == "res" && a.kind == argRes) && !(a.name == "name" && name == "path") && !(a.name == "path" && name == "name") {
			continue
		}
		return e.argValue(a)
	}
	return "", false
}

func (e *Event) argValue(a *arg) (string, bool) {
	word := e.Header.Args[a.i]
	switch a.kind {
	case argPath:
		return e.pathArg(a.i, a.dir)
	case argText:
		part := e.parts[int(bpf.TagPath0)+a.i]
		return string(part), part != nil
	case argFlags:
		return a.set.flags(word), true
	case argEnum:
		return a.set.value(word), true
	case argMode:
		return strconv.FormatUint(word&0o7777, 8), true
	case argRes:
		return strconv.FormatInt(e.Header.Ret, 10), true
	case argHow:
		flags, ok := e.openFlags()
		return openFlags.flags(flags), ok
	case argAddr:
		if addr, ok := sockaddr(e.parts[bpf.TagAddr]); ok {
			return endpoint(addr), true
		}
		name := e.unixName()
		return name, name != ""
	case argUID:
		return strconv.FormatInt(int64(int32(uint32(word))), 10), true
	case argFD:
		return strconv.FormatInt(int64(int32(uint32(word))), 10), true
	}
	return strconv.FormatInt(int64(word), 10), true
}

// allArgs lists the arguments as evt.args has them.
func (e *Event) allArgs() string {
	if e.call == nil {
		return ""
	}
	var out []string
	for i := range e.call.args {
		a := &e.call.args[i]
		value, ok := e.argValue(a)
		if !ok {
			continue
		}
		if a.kind == argFD {
			if name, ok := e.openedName(); ok {
				_, kind := e.typeChar()
				value += "(<" + kind + ">" + name + ")"
			}
		}
		out = append(out, a.name+"="+value)
	}
	return strings.Join(out, " ")
}

// fdNumber is the descriptor that the event is about.
func (e *Event) fdNumber() (int64, bool) {
	if e.call == nil {
		return 0, false
	}
	if e.call.read&bpf.ReadNewFD != 0 {
		return e.Header.Ret, true
	}
	if e.call.read&bpf.ReadFD0 != 0 {
		return int64(int32(uint32(e.Header.Args[0]))), true
	}
	return 0, false
}
