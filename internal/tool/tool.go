// Package tool starts other people's programs. It is the only package that
// may, so that one question has one answer: boltseal starts a process when
// the user named the tool in a flag, or asked for a command to be run, and
// never because of what an image, a file or a server says.
package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// ErrMissing is returned by Run when the program is not on the PATH.
var ErrMissing = errors.New("not found on the PATH")

// Command is a program to start. Arguments are handed over one by one: no
// shell reads them.
type Command struct {
	// Name is the program: a name that is looked up on the PATH, or a path.
	Name string
	Args []string

	// Dir is the working directory; empty is the caller's.
	Dir string

	// Env is added to the caller's environment.
	Env []string

	// Stdin, when set, is what the program reads. It reads nothing otherwise.
	Stdin io.Reader

	// Stdout and Stderr, when set, receive what the program prints as it is
	// printed, and the Result is empty of it.
	Stdout, Stderr io.Writer

	// Limit bounds the bytes kept of each stream; 0 is 64 MiB. A program that
	// prints more is stopped, and Run says so.
	Limit int64

	// Grace is how long the program may take to end after the context did;
	// 0 is two seconds.
	Grace time.Duration
}

// Result is what a program left behind.
type Result struct {
	Stdout, Stderr []byte

	// Status is the exit status; -1 when a signal ended the program.
	Status int
}

// Run starts the program and waits for its end. A program that ends with
// another status than 0 is no error: Result.Status has it.
func Run(ctx context.Context, c Command) (Result, error) {
	path, err := exec.LookPath(c.Name)
	if err != nil {
		return Result{}, fmt.Errorf("start %s: %w", c.Name, ErrMissing)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	limit := c.Limit
	if limit == 0 {
		limit = 64 << 20
	}
	full := func() { stop(fmt.Errorf("it printed more than %d bytes", limit)) }
	stdout, stderr := &bounded{left: limit, full: full}, &bounded{left: limit, full: full}

	cmd := exec.CommandContext(ctx, path, c.Args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Dir, c.Stdin, stdout, stderr
	if c.Stdout != nil {
		cmd.Stdout = c.Stdout
	}
	if c.Stderr != nil {
		cmd.Stderr = c.Stderr
	}
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.WaitDelay = c.Grace
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = 2 * time.Second
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(interrupt) }
	err = cmd.Run()
	result := Result{Stdout: stdout.kept.Bytes(), Stderr: stderr.kept.Bytes(), Status: -1}
	if cmd.ProcessState != nil {
		result.Status = cmd.ProcessState.ExitCode()
	}
	if ctx.Err() != nil {
		return result, fmt.Errorf("run %s: %w", c.Name, context.Cause(ctx))
	}
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return result, nil
	}
	if err != nil {
		return result, fmt.Errorf("run %s: %w", c.Name, err)
	}
	return result, nil
}

// bounded keeps what is written until its limit, then calls full once.
type bounded struct {
	kept bytes.Buffer // not embedded: io.Copy would find its ReadFrom and pass by the limit
	left int64
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		b.left = 0
		b.full()
		return 0, io.ErrShortWrite
	}
	b.left -= int64(len(p))
	return b.kept.Write(p)
}
