package sink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/boltseal/boltseal/watch"
)

// file appends lines to a file. When somebody has moved the file away, as
// logrotate does, the next alert makes a new one: nobody has to send a signal.
type file struct {
	name string
	line func(*watch.Alert) ([]byte, error)

	mu   sync.Mutex
	f    *os.File
	lost int // since the last line that could be written
}

func (f *file) reopen() error {
	opened, err := os.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, filePerm)
	if err != nil {
		return err
	}
	if f.f != nil {
		_ = f.f.Close()
	}
	f.f = opened
	return nil
}

// moved tells whether the name stands for another file, or for none.
func (f *file) moved() bool {
	at, err := os.Stat(f.name)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := f.f.Stat()
	return err == nil && !os.SameFile(at, open)
}

// Alert implements [watch.Output].
func (f *file) Alert(a *watch.Alert) error {
	line, err := f.line(a)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.moved() {
		if err := f.reopen(); err != nil {
			f.lost++
			return fmt.Errorf("write alert: %w", err)
		}
	}
	if n, err := f.f.Write(append(line, '\n')); err != nil {
		f.lost++
		if n > 0 { // half a line would spoil the next one
			if info, statErr := f.f.Stat(); statErr == nil {
				_ = f.f.Truncate(info.Size() - int64(n))
			}
		}
		return fmt.Errorf("write alert: %w (%d lost so far)", err, f.lost)
	}
	return nil
}

// Close closes the file.
func (f *file) Close(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.f.Close()
}
