// Package enforce stops what a policy forbids, in containers and in named
// control groups of the host. [Open] finds out which back-end stops which act
// on this machine by doing each act in a process that is thrown away: that a
// program could be attached proves nothing. What no back-end can stop is a
// [boltseal.Gap], or, when the policy fails closed, an error.
//
// Processes of the host are never touched unless a rule names their control
// group, and the process that runs this package never is.
package enforce

import (
	"errors"
	"net/netip"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sensor"
)

// Options are what [Open] works with.
type Options struct {
	Policy     *Policy
	Root       string             // of the host's file system; "/" when empty
	Containers *sensor.Containers // nil makes one

	// Pins is a directory of a bpf file system in which the programs stay when
	// the policy persists.
	Pins string

	// Canary starts a process that hands its arguments to [Canary].
	Canary []string

	// Runtimes are paths of programs that start containers, besides those that
	// are known by their names.
	Runtimes []string

	// Avoid leaves out back-ends, for tests of those behind them.
	Avoid []Backend

	Decided func(*Decision) // told of every decision; may be called by several goroutines
	Errors  func(error)     // what went wrong while the enforcer went on
}

// Verdict is what became of an act.
type Verdict uint8

// The verdicts; sensor/bpf/enforce.bpf.c has the same numbers.
const (
	Audited Verdict = iota // it happened; with the rule in earnest it would not have
	Denied
	Killed
)

// String is the verdict as alerts have it.
func (v Verdict) String() string {
	return [...]string{"would have been denied", "denied", "killed"}[min(v, Killed)]
}

// Decision is one act that a policy forbids.
type Decision struct {
	Time      time.Time
	Act       Act
	Verdict   Verdict
	Backend   Backend
	Rules     []string // that forbid it
	Container *sensor.Container
	Group     string // path of the control group
	PID, UID  uint32
	Comm      string
	Path      string         // of the file, where there is one
	To        netip.AddrPort // of a connection
}

// Text says what happened.
func (d *Decision) Text() string {
	who := "control group " + d.Group
	if d.Container != nil {
		if who = "container " + d.Container.Name; d.Container.Name == "" {
			who = "container " + d.Container.ID[:min(12, len(d.Container.ID))]
		}
	}
	what := actTexts[min(d.Act, acts-1)]
	switch {
	case d.To.IsValid():
		what += ": " + d.To.String()
	case d.Path != "":
		what += ": " + d.Path
	}
	return d.Comm + " in " + who + " " + what + ": " + d.Verdict.String()
}

// Ability is what can be done about one act on this machine.
type Ability struct {
	Act     Act
	Backend Backend            // None when nothing stops it
	Partial string             // what of the act it does not stop
	Why     map[Backend]string // why the stronger ones do not
}

// ErrCannot says that the policy fails closed and that something it forbids
// cannot be stopped here.
var ErrCannot = errors.New("the policy fails closed and cannot be enforced here")

// GapKind is the kind of gaps about acts that cannot be stopped.
const GapKind = "runtime-prevention"

// gap is what to say of an act that a policy forbids in earnest and that is
// not stopped, or not entirely.
func (a *Ability) gap() *boltseal.Gap {
	switch {
	case a.Backend == None:
		g := &boltseal.Gap{Kind: GapKind, What: "prevention of " + a.Act.String(), Why: "no back-end stops it on this machine"}
		for b := LSM; b < backends; b++ {
			if why := a.Why[b]; why != "" {
				g.Why += "; " + b.String() + ": " + why
			}
		}
		return g
	case a.Partial != "":
		return &boltseal.Gap{Kind: GapKind, What: "prevention of " + a.Act.String() + " by " + a.Backend.String(), Why: a.Partial}
	}
	return nil
}
