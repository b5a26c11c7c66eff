// Package seccomp reads seccomp profiles and says what they do: a [Profile]
// is applied to an architecture and a set of capabilities by
// [Profile.Apply], and the [Filter] that comes of it tells for every system
// call whether it is allowed. [Compare] sets two filters side by side.
//
// It knows the dialects of the OCI runtime specification, of Docker and of
// containers/common, the system calls of every architecture that runtimes
// support, and the default profiles of Docker and Podman. It loads no filter
// into a kernel.
package seccomp

import (
	_ "embed" // the default profiles
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Profile is a seccomp profile in any dialect.
type Profile struct {
	DefaultAction Action    `json:"defaultAction"`
	DefaultErrno  *uint     `json:"defaultErrnoRet,omitempty"`
	Architectures []Arch    `json:"architectures,omitempty"` // OCI
	ArchMap       []ArchMap `json:"archMap,omitempty"`       // Docker and containers/common
	Flags         []string  `json:"flags,omitempty"`
	ListenerPath  string    `json:"listenerPath,omitempty"`
	Rules         []Rule    `json:"syscalls"`
}

// Arch is an architecture as profiles name it, "SCMP_ARCH_X86_64".
type Arch string

// ArchMap is an architecture with those that its processors run besides.
type ArchMap struct {
	Arch      Arch   `json:"architecture"`
	SubArches []Arch `json:"subArchitectures"`
}

// Rule says what happens to some system calls.
type Rule struct {
	Names    []string `json:"names"`
	Name     string   `json:"name,omitempty"` // of Docker before 1.13
	Action   Action   `json:"action"`
	Errno    *uint    `json:"errnoRet,omitempty"`
	Args     []Arg    `json:"args,omitempty"`
	Includes *Cond    `json:"includes,omitempty"`
	Excludes *Cond    `json:"excludes,omitempty"`
}

// Cond is when a rule is part of the filter, in Docker's dialect.
type Cond struct {
	Caps      []string `json:"caps,omitempty"`
	Arches    []string `json:"arches,omitempty"` // as Go and Docker name them: "amd64"
	MinKernel string   `json:"minKernel,omitempty"`
}

// Arg compares one argument of a system call.
type Arg struct {
	Index    uint   `json:"index"`
	Value    uint64 `json:"value"`
	ValueTwo uint64 `json:"valueTwo,omitempty"`
	Op       string `json:"op"`
}

// Action is what the kernel does with a system call.
type Action string

// The actions.
const (
	ActAllow       Action = "SCMP_ACT_ALLOW"
	ActLog         Action = "SCMP_ACT_LOG"
	ActErrno       Action = "SCMP_ACT_ERRNO"
	ActKill        Action = "SCMP_ACT_KILL"
	ActKillThread  Action = "SCMP_ACT_KILL_THREAD"
	ActKillProcess Action = "SCMP_ACT_KILL_PROCESS"
	ActTrap        Action = "SCMP_ACT_TRAP"
	ActTrace       Action = "SCMP_ACT_TRACE"
	ActNotify      Action = "SCMP_ACT_NOTIFY"
)

// Actions lists the actions that the OCI specification knows.
func Actions() []Action {
	return []Action{ActAllow, ActLog, ActErrno, ActKill, ActKillThread, ActKillProcess, ActTrap, ActTrace, ActNotify}
}

// Lets reports whether the action lets the call through.
func (a Action) Lets() bool { return a == ActAllow || a == ActLog }

// Operators lists the comparisons that the OCI specification knows.
func Operators() []string {
	return []string{"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"}
}

// Parse reads a profile in JSON.
func Parse(data []byte) (*Profile, error) {
	var p Profile
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if p.DefaultAction == "" {
		return nil, errors.New("read profile: it has no defaultAction")
	}
	return &p, nil
}

//go:embed default_docker.json
var defaultDocker []byte

//go:embed default_podman.json
var defaultPodman []byte

// defaults are the profiles that runtimes use when they are told RuntimeDefault.
// Docker's is that of github.com/moby/profiles v0.2.3, and containerd's follows
// it; Podman's and CRI-O's is that of containers/common as Debian 12 ships it.
var defaults = map[string]func() *Profile{
	"docker": sync.OnceValue(func() *Profile { return mustParse(defaultDocker) }),
	"podman": sync.OnceValue(func() *Profile { return mustParse(defaultPodman) }),
}

func mustParse(data []byte) *Profile {
	p, err := Parse(data)
	if err != nil {
		panic(err) // own data
	}
	return p
}

// Default is the profile that a runtime uses by default: that of "docker",
// also called "default", or of "podman".
func Default(name string) (*Profile, bool) {
	if name == "default" {
		name = "docker"
	}
	p, ok := defaults[name]
	if !ok {
		return nil, false
	}
	return p(), true
}

// Target is what a profile is applied to.
type Target struct {
	Arch   Arch     // empty is SCMP_ARCH_X86_64
	Caps   []string // that the container has: "CAP_SYS_ADMIN"
	Kernel string   // "5.10"; empty is new enough for every rule
	OCI    bool     // the runtime reads the OCI dialect alone, and passes over what is Docker's
}

func (t *Target) arch() Arch {
	if t.Arch == "" {
		return X8664
	}
	return t.Arch
}

// Filter is what a profile does on one architecture.
type Filter struct {
	Default Action
	Arch    Arch
	calls   map[string]*Decision
}

// Decision is what happens to one system call.
type Decision struct {
	Action  Action // whatever the arguments are
	Errno   *uint
	When    []Rule // rules with arguments and another action
	Listed  bool   // some rule names the call
	Differs bool   // rules without arguments disagree
}

// Verdict says how far a call is let through.
type Verdict uint8

// The verdicts.
const (
	Never Verdict = iota
	Sometimes
	Always
)

// Verdict says how far the call is let through.
func (d *Decision) Verdict() Verdict {
	if d.Action.Lets() {
		for i := range d.When {
			if !d.When[i].Action.Lets() {
				return Sometimes
			}
		}
		return Always
	}
	for i := range d.When {
		if d.When[i].Action.Lets() {
			return Sometimes
		}
	}
	return Never
}

// Apply makes the filter that a runtime would load.
func (p *Profile) Apply(t *Target) *Filter {
	f := &Filter{Default: p.DefaultAction, Arch: t.arch(), calls: map[string]*Decision{}}
	for i := range p.Rules {
		r := &p.Rules[i]
		if !t.OCI && !r.applies(t) {
			continue
		}
		names := r.Names
		if r.Name != "" && !t.OCI {
			names = append(slices.Clip(names), r.Name)
		}
		for _, name := range names {
			f.add(name, r, p)
		}
	}
	return f
}

func (f *Filter) add(name string, r *Rule, p *Profile) {
	d := f.calls[name]
	if d == nil {
		d = &Decision{Action: p.DefaultAction, Errno: p.DefaultErrno}
		f.calls[name] = d
	}
	switch {
	case len(r.Args) > 0:
		d.When = append(d.When, *r)
	case !d.Listed || d.Action == p.DefaultAction:
		d.Action, d.Errno = r.Action, r.Errno
	case d.Action != r.Action && r.Action != p.DefaultAction:
		d.Differs = true
	}
	d.Listed = d.Listed || len(r.Args) == 0
}

// Decide says what happens to a system call.
func (f *Filter) Decide(name string) Decision {
	if d := f.calls[name]; d != nil {
		return *d
	}
	return Decision{Action: f.Default}
}

// Names lists the system calls that rules name.
func (f *Filter) Names() []string {
	var names []string
	for name := range f.calls {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// applies reports whether a rule becomes part of the filter.
func (r *Rule) applies(t *Target) bool {
	if x := r.Excludes; x != nil {
		if hasAny(x.Caps, t.Caps) || slices.Contains(x.Arches, t.arch().Docker()) || x.MinKernel != "" && kernelAtLeast(t.Kernel, x.MinKernel) {
			return false
		}
	}
	if in := r.Includes; in != nil {
		for _, c := range in.Caps {
			if !slices.Contains(t.Caps, c) {
				return false
			}
		}
		if len(in.Arches) > 0 && !slices.Contains(in.Arches, t.arch().Docker()) {
			return false
		}
		if in.MinKernel != "" && !kernelAtLeast(t.Kernel, in.MinKernel) {
			return false
		}
	}
	return true
}

func hasAny(list, in []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return slices.Contains(in, s) })
}

// kernelAtLeast compares versions of the form "5.10".
func kernelAtLeast(kernel, atLeast string) bool {
	if kernel == "" {
		return true
	}
	a, b := kernelVersion(kernel), kernelVersion(atLeast)
	return slices.Compare(a[:], b[:]) >= 0
}

func kernelVersion(s string) [2]int {
	major, rest, _ := strings.Cut(s, ".")
	minor := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		minor = rest[:i]
	}
	var v [2]int
	v[0], _ = strconv.Atoi(major)
	v[1], _ = strconv.Atoi(minor)
	return v
}
