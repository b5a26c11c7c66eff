//go:build linux

package enforce

import "golang.org/x/sys/unix"

// opensOld takes the flags out of the calls that only this machine has; true
// says that the call is not known.
func opensOld(words [7]uint64, flags *uint64) (unknown bool) {
	switch words[0] {
	case unix.SYS_OPEN:
		*flags = words[2]
	case unix.SYS_CREAT:
		*flags = unix.O_CREAT
	default:
		return true
	}
	return false
}
