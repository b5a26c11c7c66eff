package enforce

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/sensor"
)

// judged is what the rules that are about one subject come to.
type judged struct {
	rules       []int // of the policy, in order
	deny, audit Acts
	host        bool
	tools       map[string]uint32 // modes: 1 deny, 2 audit
	directories map[string]uint32
	networks    []Network
}

const (
	modeDeny  = 1
	modeAudit = 2
)

// judge joins the rules that are about a subject: what one of them forbids is
// forbidden, in earnest when one of them means it; where connections may go is
// what any of them allows.
func (p *Policy) judge(c *sensor.Container, group string) *judged {
	j := &judged{host: c == nil}
	for i := range p.Rules {
		if p.Rules[i].Match.matches(c, group) {
			j.add(i, &p.Rules[i])
		}
	}
	return j
}

// strictest is what is forbidden to containers of which nothing is known yet,
// when the policy fails closed: whatever any rule forbids in earnest.
func (p *Policy) strictest() *judged {
	j := &judged{}
	for i := range p.Rules {
		if p.Rules[i].Match.Group == "" && p.Rules[i].Enforce {
			j.add(i, &p.Rules[i])
		}
	}
	return j
}

func (j *judged) add(i int, r *Rule) {
	j.rules = append(j.rules, i)
	mode := uint32(modeAudit)
	if r.Enforce {
		mode = modeDeny
		j.deny |= r.Deny
	} else {
		j.audit |= r.Deny
	}
	if j.tools == nil {
		j.tools, j.directories = map[string]uint32{}, map[string]uint32{}
	}
	for _, tool := range r.Tools {
		j.tools[tool] |= mode
	}
	for _, dir := range r.Directories {
		j.directories[dir] |= mode
	}
	j.networks = append(j.networks, r.Connect...)
}

// Of the three kinds of words that the kernel's side compares.
const (
	wordDir  = 1
	wordPath = 2
	wordName = 3
)

type word struct {
	Policy, Kind uint32
	Hash         uint64
}

const (
	fnvBasis = 0xcbf29ce484222325
	fnvPrime = 0x100000001b3
)

// hashWord is FNV-1a over a path, or over a name, which has no slash.
func hashWord(s string) uint64 {
	h := uint64(fnvBasis)
	for _, b := range []byte(s) {
		h = (h ^ uint64(b)) * fnvPrime
	}
	return h
}

func (j *judged) words(policy uint32) map[word]uint32 {
	out := map[word]uint32{}
	for tool, modes := range j.tools {
		kind := uint32(wordName)
		if strings.HasPrefix(tool, "/") {
			kind = wordPath
		}
		out[word{policy, kind, hashWord(tool)}] |= modes
	}
	for dir, modes := range j.directories {
		out[word{policy, wordDir, hashWord(dir)}] |= modes
	}
	return out
}

// toolOf tells how a tool is forbidden, for whoever decides outside of the
// kernel: by its path in the container and by the name that was executed.
func (j *judged) toolOf(file string, names ...string) uint32 {
	modes := j.tools[file]
	for _, name := range names {
		modes |= j.tools[name[strings.LastIndexByte(name, '/')+1:]]
	}
	return modes
}

// below tells how writes to a path are forbidden.
func (j *judged) below(file string) uint32 {
	var modes uint32
	for dir, mode := range j.directories {
		if file == dir || strings.HasPrefix(file, dir+"/") {
			modes |= mode
		}
	}
	return modes
}

type netKey struct {
	Prefix uint32
	Policy [4]byte // in network order
	Addr   [16]byte
}

type netValue struct {
	Count uint32
	Ports [maxPorts]struct{ Low, High uint16 }
}

// nets are the allowed networks. The kernel finds the narrowest one that an
// address is in, so each also has the ports of those around it.
func (j *judged) nets(policy uint32) map[netKey]netValue {
	out := map[netKey]netValue{}
	for _, n := range j.networks {
		ports, every := j.ports(n)
		key := netKey{Prefix: 32 + uint32(n.Prefix.Bits()), Addr: n.Prefix.Addr().As16()}
		if n.Prefix.Addr().Is4() {
			key.Prefix += 96
		}
		binary.BigEndian.PutUint32(key.Policy[:], policy)
		var v netValue
		if !every {
			for i, r := range ports[:min(len(ports), maxPorts)] {
				v.Ports[i] = struct{ Low, High uint16 }{r.Low, r.High}
				v.Count++
			}
		}
		out[key] = v
	}
	return out
}

// ports are those that are allowed in a network, by itself or by those that it
// lies in.
func (j *judged) ports(n Network) (ports []Ports, every bool) {
	for _, around := range j.networks {
		if around.Prefix.Bits() <= n.Prefix.Bits() && around.Prefix.Contains(n.Prefix.Addr()) {
			every = every || len(around.Ports) == 0
			ports = append(ports, around.Ports...)
		}
	}
	return joined(ports), every
}

// joined sorts ranges and joins those that meet.
func joined(ports []Ports) []Ports {
	ports = slices.Clone(ports)
	slices.SortFunc(ports, func(a, b Ports) int { return int(a.Low) - int(b.Low) })
	var out []Ports
	for _, r := range ports {
		if n := len(out); n > 0 && int(r.Low) <= int(out[n-1].High)+1 {
			out[n-1].High = max(out[n-1].High, r.High)
			continue
		}
		out = append(out, r)
	}
	return out
}

// allows tells whether connections may go to an address: the reference that
// the kernel's side is tested against.
func (j *judged) allows(to netip.AddrPort) bool {
	for _, n := range j.networks {
		if !n.Prefix.Contains(to.Addr().Unmap()) {
			continue
		}
		if len(n.Ports) == 0 {
			return true
		}
		for _, r := range n.Ports {
			if to.Port() >= r.Low && to.Port() <= r.High {
				return true
			}
		}
	}
	return false
}
