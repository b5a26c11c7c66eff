package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/learn"
	"github.com/boltseal/boltseal/sensor"
)

// useFlags are where a watch records which files of which images are used.
type useFlags struct{ file string }

func (f *useFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.file, "record-use", "", "add to this file which files of which images are executed and opened, for boltseal scan --in-use")
}

// useRecord gathers uses and writes them now and then. A nil one does nothing.
type useRecord struct {
	file    string
	now     func() time.Time
	uses    *learn.Uses
	written time.Time
	tell    func(error)
}

// writeUses is how often uses are written while the watch goes on.
const writeUses = time.Minute

// open takes in what the file has already, and makes sure that it can be
// written.
func (f *useFlags) open(env *Env) (*useRecord, error) {
	if f.file == "" {
		return nil, nil
	}
	r := &useRecord{file: f.file, now: env.Now, uses: learn.NewUses(), written: env.Now(),
		tell: func(err error) { fmt.Fprintf(env.Stderr, "boltseal: %v\n", err) }}
	data, err := readWhole(f.file, maxReport)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, usageError{fmt.Errorf("--record-use: %w", err)}
	default:
		images, err := learn.DecodeUse(data)
		if err != nil {
			return nil, usageError{fmt.Errorf("--record-use %s: %w", f.file, err)}
		}
		r.uses.Load(images)
	}
	if err := r.write(); err != nil {
		return nil, usageError{err}
	}
	return r, nil
}

func (r *useRecord) calls() []string {
	if r == nil {
		return nil
	}
	return learn.UseCalls
}

// tap is what sees the events: it runs on the sensor's goroutine.
func (r *useRecord) tap() func(*sensor.Event) {
	if r == nil {
		return nil
	}
	return func(e *sensor.Event) {
		r.uses.Event(e)
		if e.At.Sub(r.written) > writeUses {
			r.written = e.At
			if err := r.write(); err != nil {
				r.tell(err)
			}
		}
	}
}

const usePerm os.FileMode = 0o644

func (r *useRecord) write() error {
	data, err := r.uses.Encode(r.now())
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(r.file, usePerm, data); err != nil {
		return fmt.Errorf("record uses: %w", err)
	}
	return nil
}

func (r *useRecord) close() error {
	if r == nil {
		return nil
	}
	if r.uses.Full() {
		r.tell(fmt.Errorf("record uses: there was more than is remembered: not every use is in %s", r.file))
	}
	return r.write()
}
