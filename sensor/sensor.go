// Package sensor tells what processes do: it runs programs in the kernel,
// reads their records and hands each on as an [Event] that rules can ask about
// every field that they know: the process and its ancestors, the file or the
// connection, the container.
//
// It attaches only to what was asked for, uses nothing but tracepoints with
// BTF, and counts every record that was dropped, by its kind. Records that
// follow processes have a ring of their own, so that a flood of file events
// does not lose them.
package sensor

import "errors"

// Options are the optional parameters of [Open].
type Options struct {
	Calls []string // the system calls that are wanted, by their names; others are not sent
	Root  string   // of the host's file system; "/" when empty
}

// Stats is what the sensor sent and dropped since it was opened.
type Stats struct {
	Events  uint64 `json:"events"`  // system calls
	Lives   uint64 `json:"lives"`   // forks, execs and exits
	Dropped uint64 `json:"dropped"` // of the first
	Lost    uint64 `json:"lost"`    // of the second
	Compat  uint64 `json:"compat"`  // calls of 32-bit programs, which are not read
}

// ErrUnsupported says that this kernel cannot run the sensor.
var ErrUnsupported = errors.New("this kernel cannot run the sensor")

// Calls lists the system calls that the sensor can read on this machine.
func Calls() []string {
	var names []string
	for i := range calls {
		if calls[i].nr != absent {
			names = append(names, calls[i].name)
		}
	}
	return names
}

// Probe is one thing that the sensor needs or can use, as it is found here.
type Probe struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Must bool   `json:"must"` // without it nothing is seen
	What string `json:"what"` // what was found, or what to do
}
