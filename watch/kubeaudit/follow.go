package kubeaudit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/boltseal/boltseal/watch"
)

// Follower reads an API server's log as it grows, and goes over to the new
// file when the log is rotated. It implements [watch.Feed].
type Follower struct {
	name string
	told func(error)
	file *os.File
	info os.FileInfo
}

// Follow opens a log. What stands in it already is passed over unless all.
func Follow(name string, all bool, told func(error)) (*Follower, error) {
	f := &Follower{name: name, told: told}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("follow audit log: %w", err)
	}
	if !all {
		if _, err := f.file.Seek(0, io.SeekEnd); err != nil {
			return nil, fmt.Errorf("follow audit log: %w", err)
		}
	}
	return f, nil
}

func (f *Follower) open() error {
	file, err := os.Open(f.name)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	if f.file != nil {
		_ = f.file.Close()
	}
	f.file, f.info = file, info
	return nil
}

// Source implements [watch.Feed].
func (f *Follower) Source() string { return Source }

const look = 200 * time.Millisecond

// Run implements [watch.Feed].
func (f *Follower) Run(ctx context.Context, yield func(watch.Event)) error {
	defer func() { _ = f.file.Close() }()
	r := bufio.NewReaderSize(f.file, 64<<10)
	var line []byte
	skipping := false
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		part, err := r.ReadSlice('\n')
		if !skipping {
			line = append(line, part...)
		}
		switch {
		case err == nil:
			if !skipping {
				f.line(line, yield)
			}
			line, skipping = line[:0], false
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			if len(line) > MaxEvent && !skipping {
				f.tell(fmt.Errorf("read audit log: a line is longer than %d bytes and was passed over", MaxEvent))
				line, skipping = line[:0], true
			}
			continue
		case !errors.Is(err, io.EOF):
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		again, err := f.turned(r)
		if err != nil {
			return err
		}
		if again {
			line, skipping = line[:0], false
		}
	}
}

// turned looks, at the end of a file, whether the log goes on in another one
// or from its beginning.
func (f *Follower) turned(r *bufio.Reader) (bool, error) {
	now, err := os.Stat(f.name)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return false, nil // between the old file and the new one
		}
		return false, err
	}
	at, err := f.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return false, err
	}
	open, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	if !os.SameFile(now, f.info) {
		if open.Size() > at {
			return false, nil // the old one still has something
		}
		if err := f.open(); err != nil {
			return false, err
		}
		r.Reset(f.file)
		return true, nil
	}
	if now.Size() < at { // it was cut off in its place
		f.tell(fmt.Errorf("read audit log: %s was cut off: what was written meanwhile may not have been read", f.name))
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			return false, err
		}
		r.Reset(f.file)
		return true, nil
	}
	return false, nil
}

func (f *Follower) line(line []byte, yield func(watch.Event)) {
	if len(line) <= 1 {
		return
	}
	events, err := Parse(line)
	if err != nil {
		f.tell(err)
	}
	for _, e := range events {
		yield(e)
	}
}

func (f *Follower) tell(err error) {
	if f.told != nil {
		f.told(err)
	}
}
