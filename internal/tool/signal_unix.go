//go:build unix

package tool

import "syscall"

// interrupt asks a program to end; it is killed after the grace.
const interrupt = syscall.SIGTERM
