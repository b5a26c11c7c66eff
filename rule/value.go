package rule

import (
	"net/netip"
	"strconv"
	"strings"
)

// Event is something that rules are matched against.
type Event interface {
	// Source is where the event comes from: "syscall", "k8s_audit".
	Source() string
	// Name is the event's type, what evt.type says: "execve".
	Name() string
	// Field puts the value of a field into v, or leaves v alone when the
	// event has none. The value belongs to the set and is used again for the
	// next event, so that filling it allocates nothing.
	Field(id FieldID, arg Arg, v *Value)
}

// Arg is the argument of a field: 2 in proc.aname[2], path in evt.arg.path.
type Arg struct {
	Text  string // empty when there is none
	Index int    // Text as a number, -1 when it is none
}

// Value is what one event has for one field: nothing, one value, or several
// (a list; both ends of a connection; all ancestors).
type Value struct {
	kind  kind
	strs  []string
	nums  []int64
	addrs []netip.Addr
}

type kind uint8

const (
	kindNone kind = iota
	kindString
	kindInt
	kindBool
	kindAddr
)

// SetString gives v the one text s. Add more with AddString.
func (v *Value) SetString(s string) { v.reset(kindString); v.strs = append(v.strs, s) }

// AddString adds a text to the list that v is.
func (v *Value) AddString(s string) {
	if v.kind != kindString {
		v.reset(kindString)
	}
	v.strs = append(v.strs, s)
}

// SetInt gives v the one number n.
func (v *Value) SetInt(n int64) { v.reset(kindInt); v.nums = append(v.nums, n) }

// AddInt adds a number: the other end's port of fd.port.
func (v *Value) AddInt(n int64) {
	if v.kind != kindInt {
		v.reset(kindInt)
	}
	v.nums = append(v.nums, n)
}

// SetBool gives v a truth.
func (v *Value) SetBool(b bool) {
	v.reset(kindBool)
	n := int64(0)
	if b {
		n = 1
	}
	v.nums = append(v.nums, n)
}

// SetAddr gives v the one address a. An IPv4 address mapped into IPv6 is an
// IPv4 address.
func (v *Value) SetAddr(a netip.Addr) { v.reset(kindAddr); v.addrs = append(v.addrs, a.Unmap()) }

// AddAddr adds an address: the other end's of fd.ip.
func (v *Value) AddAddr(a netip.Addr) {
	if v.kind != kindAddr {
		v.reset(kindAddr)
	}
	v.addrs = append(v.addrs, a.Unmap())
}

func (v *Value) reset(k kind) {
	v.kind = k
	v.strs, v.nums, v.addrs = v.strs[:0], v.nums[:0], v.addrs[:0]
}

func (v *Value) len() int {
	switch v.kind {
	case kindString:
		return len(v.strs)
	case kindInt, kindBool:
		return len(v.nums)
	case kindAddr:
		return len(v.addrs)
	}
	return 0
}

// as makes v fit the type that the field table gives, so that an event that
// has numbers as text matches too. What does not fit is no value.
func (v *Value) as(t Type) {
	if v.len() == 0 {
		v.reset(kindNone)
		return
	}
	want := t.kind()
	if v.kind == want {
		return
	}
	from := *v
	switch {
	case want == kindString:
		v.strs = v.strs[:0]
		for i := range from.len() {
			v.strs = append(v.strs, from.text(i))
		}
		v.kind = kindString
	case v.kind == kindBool && want == kindInt, v.kind == kindInt && want == kindBool:
		v.kind = want
	case v.kind == kindString:
		v.fromText(from.strs, want)
	default:
		v.reset(kindNone)
	}
}

func (v *Value) fromText(texts []string, want kind) {
	v.nums, v.addrs = v.nums[:0], v.addrs[:0]
	v.kind = want
	for _, s := range texts {
		ok := true
		switch want {
		case kindInt:
			n, err := strconv.ParseInt(s, 0, 64)
			v.nums, ok = append(v.nums, n), err == nil
		case kindBool:
			n, valid := parseBool(s)
			v.nums, ok = append(v.nums, n), valid
		case kindAddr:
			a, err := netip.ParseAddr(s)
			v.addrs, ok = append(v.addrs, a.Unmap()), err == nil
		}
		if !ok {
			v.reset(kindNone)
			return
		}
	}
}

func parseBool(s string) (int64, bool) {
	switch {
	case strings.EqualFold(s, "true"), s == "1":
		return 1, true
	case strings.EqualFold(s, "false"), s == "0":
		return 0, true
	}
	return 0, false
}

// text is one of the values as output prints it.
func (v *Value) text(i int) string {
	switch v.kind {
	case kindString:
		return v.strs[i]
	case kindInt:
		return strconv.FormatInt(v.nums[i], 10)
	case kindBool:
		return strconv.FormatBool(v.nums[i] != 0)
	case kindAddr:
		return v.addrs[i].String()
	}
	return ""
}

// appendText prints all values.
func (v *Value) appendText(b []byte, between string) []byte {
	for i := range v.len() {
		if i > 0 {
			b = append(b, between...)
		}
		b = append(b, v.text(i)...)
	}
	return b
}

// Texts are the values as texts, each for itself.
func (v *Value) Texts() []string {
	out := make([]string, v.len())
	for i := range out {
		out[i] = v.text(i)
	}
	return out
}

// String is the value as outputs print it, several with commas between.
func (v *Value) String() string { return string(v.appendText(nil, ",")) }

// any is the value as JSON has it, nil when there is none.
func (v *Value) any() any {
	switch {
	case v.len() == 0:
		return nil
	case v.len() > 1 && v.kind == kindString:
		return append([]string(nil), v.strs...)
	case v.kind == kindInt && v.len() == 1:
		return v.nums[0]
	case v.kind == kindBool:
		return v.nums[0] != 0
	}
	return string(v.appendText(nil, ","))
}
