// Package sandbox takes rights away from this process once it has opened what
// it works on, so that a parser which hostile bytes have taken over can do
// little with it. [Enter] is the one door, and there is no way back.
//
// On Linux it sets no_new_privs; a seccomp filter on all threads refuses to
// start programs, to trace and to change the system, and to make sockets
// unless the caller still needs the network; Landlock refuses to create,
// change or remove files outside of the folders that the caller names, and to
// execute any. Reading stays allowed. What a kernel does not have is left out
// and said in [Status].
package sandbox

import (
	"fmt"
	"strings"
)

// Options are what the process still needs.
type Options struct {
	Write   []string // folders below which files may be made, changed and removed; those that are not there are passed over
	Network bool     // connections are still to be made
}

// Status says what holds the process, or what could.
type Status struct {
	Landlock int    // the version of Landlock's interface, 0: not there
	Seccomp  bool   // system calls are filtered
	Why      string // why something is missing
}

// Held says whether everything is in force.
func (s Status) Held() bool { return s.Landlock > 0 && s.Seccomp }

// String is the status as version --verbose prints it.
func (s Status) String() string {
	var parts []string
	if s.Landlock > 0 {
		parts = append(parts, fmt.Sprintf("Landlock %d", s.Landlock))
	}
	if s.Seccomp {
		parts = append(parts, "seccomp", "no new privileges")
	}
	if len(parts) == 0 {
		parts = append(parts, "none")
	}
	if s.Why != "" {
		parts = append(parts, s.Why)
	}
	return strings.Join(parts, ", ")
}
