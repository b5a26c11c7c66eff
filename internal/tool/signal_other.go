//go:build !unix

package tool

import "os"

// interrupt ends a program where it cannot be asked to.
var interrupt = os.Kill
