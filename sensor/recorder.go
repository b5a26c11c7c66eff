package sensor

// Used is what a workload has used, as the recorder saw it.
type Used struct {
	MntNS      uint32 // its mount namespace
	Followed   bool   // it descends from the command that is followed
	Filtered   []int  // numbers of system calls that were made while a seccomp filter was on
	Unfiltered []int  // and of those made without one; a container runtime's own are left out
	Caps       []int  // capabilities that were asked for and were there
	LastNew    uint64 // nanoseconds since boot when something was seen for the first time
	Compat     uint64 // calls of 32-bit programs, which are not told apart
}

// RecorderOptions are the optional parameters of [OpenRecorder].
type RecorderOptions struct {
	// Follow records the processes that this one starts, and those that they
	// start, wherever they run.
	Follow bool
}
