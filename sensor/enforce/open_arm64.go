//go:build linux

package enforce

// opensOld knows no call: this machine has none but those of all machines.
func opensOld([7]uint64, *uint64) (unknown bool) { return true }
