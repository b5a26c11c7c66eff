//go:build !linux || !(amd64 || arm64)

package sandbox

// Available says what this system has: nothing that this package knows of.
func Available() Status { return Status{Why: "only Linux on amd64 and arm64 has what it takes"} }

// Enter does nothing here, and says so.
func Enter(*Options) Status { return Available() }
