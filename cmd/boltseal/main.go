// Command boltseal seals containers from Dockerfile to runtime.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/boltseal/boltseal/cli"
)

// gcPercent is how much garbage may pile up. Measured on images, this takes
// about a quarter off the peak memory of Go's own choice, and costs no time.
const gcPercent = 25

// ballast is memory that nobody touches, so that it takes no place, but counts
// as heap: the collector lets as much of it again as gcPercent says pile up
// before it runs. A scan that is short then ends before it has run often.
const ballast = 16 << 20

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	heap := make([]byte, ballast)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	env := &cli.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Now: time.Now,
		StderrTTY: term.IsTerminal(int(os.Stderr.Fd())), Sandbox: true,
	}
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		env.Width = width
	}
	code := cli.Run(ctx, env)
	stop()
	runtime.KeepAlive(heap)
	os.Exit(code)
}
