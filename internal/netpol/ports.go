package netpol

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Protocol is a transport protocol that policies tell apart.
type Protocol uint8

// The protocols.
const (
	TCP Protocol = iota
	UDP
	SCTP
	protocols = 3
)

var protocolNames = [protocols]string{"TCP", "UDP", "SCTP"}

// String is the protocol's name as Kubernetes writes it.
func (p Protocol) String() string { return protocolNames[p] }

// ParseProtocol reads a protocol's name; the empty name is TCP.
func ParseProtocol(name string) (Protocol, error) {
	if name == "" {
		return TCP, nil
	}
	i := slices.Index(protocolNames[:], name)
	if i < 0 {
		return TCP, fmt.Errorf("protocol %q: want TCP, UDP or SCTP", name)
	}
	return Protocol(i), nil
}

const maxPort = 65535

// span is a closed range of port numbers.
type span struct{ lo, hi uint16 }

// Ports is a set of ports of every protocol: for each an ordered list of
// ranges that neither overlap nor touch. The zero value is empty. A Ports is
// never changed once made.
type Ports struct{ of [protocols][]span }

var (
	none Ports
	all  = Ports{of: [protocols][]span{{{1, maxPort}}, {{1, maxPort}}, {{1, maxPort}}}}
)

// AllPorts is every port of every protocol.
func AllPorts() Ports { return all }

// PortRange is the set of the ports from lo to hi of one protocol; what is
// no port number is left out.
func PortRange(p Protocol, lo, hi int) Ports {
	lo, hi = max(lo, 1), min(hi, maxPort)
	if lo > hi {
		return none
	}
	var s Ports
	s.of[p] = []span{{uint16(lo), uint16(hi)}}
	return s
}

// Empty reports whether no port is in the set.
func (s Ports) Empty() bool { return len(s.of[0])+len(s.of[1])+len(s.of[2]) == 0 }

// All reports whether every port of every protocol is in the set.
func (s Ports) All() bool { return s.Equal(all) }

// Equal reports whether both sets hold the same ports.
func (s Ports) Equal(t Ports) bool {
	for p := range s.of {
		if !slices.Equal(s.of[p], t.of[p]) {
			return false
		}
	}
	return true
}

// Has reports whether a port is in the set.
func (s Ports) Has(p Protocol, number int) bool {
	for _, r := range s.of[p] {
		if int(r.lo) <= number && number <= int(r.hi) {
			return true
		}
	}
	return false
}

// Union is what is in either set.
func (s Ports) Union(t Ports) Ports {
	var u Ports
	for p := range s.of {
		u.of[p] = union(s.of[p], t.of[p])
	}
	return u
}

// Intersect is what is in both sets.
func (s Ports) Intersect(t Ports) Ports {
	var u Ports
	for p := range s.of {
		u.of[p] = intersect(s.of[p], t.of[p])
	}
	return u
}

// Minus is what is in s and not in t.
func (s Ports) Minus(t Ports) Ports {
	var u Ports
	for p := range s.of {
		u.of[p] = intersect(s.of[p], complement(t.of[p]))
	}
	return u
}

// Contains reports whether all of t is in s.
func (s Ports) Contains(t Ports) bool { return t.Minus(s).Empty() }

func union(a, b []span) []span {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	merged := slices.Concat(a, b)
	slices.SortFunc(merged, func(x, y span) int { return int(x.lo) - int(y.lo) })
	out := merged[:1]
	for _, r := range merged[1:] {
		last := &out[len(out)-1]
		if int(r.lo) <= int(last.hi)+1 {
			last.hi = max(last.hi, r.hi)
			continue
		}
		out = append(out, r)
	}
	return out
}

func intersect(a, b []span) []span {
	var out []span
	for len(a) > 0 && len(b) > 0 {
		if lo, hi := max(a[0].lo, b[0].lo), min(a[0].hi, b[0].hi); lo <= hi {
			out = append(out, span{lo, hi})
		}
		if a[0].hi < b[0].hi {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

func complement(a []span) []span {
	var out []span
	next := 1
	for _, r := range a {
		if next < int(r.lo) {
			out = append(out, span{uint16(next), r.lo - 1})
		}
		next = int(r.hi) + 1
	}
	if next <= maxPort {
		out = append(out, span{uint16(next), maxPort})
	}
	return out
}

// String is the set as people write it: "TCP 80,443-445; UDP 53", "all" or
// "none".
func (s Ports) String() string {
	switch {
	case s.Empty():
		return "none"
	case s.All():
		return "all"
	}
	var parts []string
	for p, spans := range s.of {
		if len(spans) > 0 {
			parts = append(parts, Protocol(p).String()+" "+spanText(spans))
		}
	}
	return strings.Join(parts, "; ")
}

func spanText(spans []span) string {
	if len(spans) == 1 && spans[0] == (span{1, maxPort}) {
		return "all"
	}
	var b strings.Builder
	for i, r := range spans {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(int(r.lo)))
		if r.hi > r.lo {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(int(r.hi)))
		}
	}
	return b.String()
}

// MarshalText writes what [Ports.String] says.
func (s Ports) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Set is the set of ports that the policy port stands for where the
// destination's pods listen on those given. A name stands for nothing where no
// container port of the protocol has it.
func (p *Port) Set(listening []ContainerPort) Ports {
	switch {
	case p.Name != "":
		set := none
		for _, c := range listening {
			if c.Name == p.Name && c.Protocol == p.Protocol {
				set = set.Union(PortRange(p.Protocol, c.Number, c.Number))
			}
		}
		return set
	case p.Number == 0:
		return PortRange(p.Protocol, 1, maxPort)
	case p.End != 0:
		return PortRange(p.Protocol, p.Number, p.End)
	}
	return PortRange(p.Protocol, p.Number, p.Number)
}
