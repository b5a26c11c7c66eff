package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
	"github.com/boltseal/boltseal/watch"
	"github.com/boltseal/boltseal/watch/kubeaudit"
)

func watchReplay(env *Env) *cobra.Command {
	f := &watchFlags{}
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Match what was recorded with rules",
		Long: `Match what was recorded with rules: events that boltseal watch --record wrote,
or audit events of Kubernetes, one JSON document after another. Nothing is
attached to a kernel, no right is needed, and the same file gives the same
alerts.

Exit status: 0 read to the end, 2 usage or rules that do not load, 3 the file
could not be read to its end, or lacks what the rules ask for.`,
		Example: `  boltseal watch replay --rules falco_rules.yaml events.rec
  boltseal watch replay --rules k8s_audit_rules.yaml -o json audit.log`,
		Args: someFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := f.load(env)
			if err != nil {
				return err
			}
			outs, closeAll, err := f.sinks.open(env)
			if err != nil {
				return err
			}
			defer closeAll()
			gap := false
			for _, name := range args {
				whole, err := replayFile(env, f, set, outs, name)
				if err != nil {
					return err
				}
				gap = gap || !whole
			}
			if gap {
				return status(statusGap)
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.rules, "rules", nil, "rule file; may be repeated, later ones append and override")
	fl.StringVar(&f.priority, "priority", "debug", "leave out rules that are less urgent")
	fl.DurationVar(&f.group, "group", 0, "equal alerts within so long are one with a count; 0 keeps them apart")
	f.sinks.register(fl)
	return cmd
}

// replayFile matches one file; whole tells whether all of it could be looked
// at.
func replayFile(env *Env, f *watchFlags, set *rule.Set, outs []watch.Output, name string) (whole bool, err error) {
	file, err := os.Open(name)
	if err != nil {
		return false, usageError{err}
	}
	defer file.Close()
	in := bufio.NewReader(file)
	head, _ := in.Peek(2)
	o := &watch.Options{Rules: set, Outputs: outs, Window: f.group, Errors: func(err error) { fmt.Fprintf(env.Stderr, "boltseal: %v\n", err) }}
	whole = true
	events := func(yield func(watch.Event)) error {
		bad, first := kubeaudit.Read(in, func(e *kubeaudit.Event) { yield(e) })
		if bad > 0 {
			return fmt.Errorf("%s could not be read: %w", plural(bad, "document"), first)
		}
		return nil
	}
	if len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		r, err := watch.OpenRecording(in)
		if err != nil {
			return false, usagef("%s: %w", name, err)
		}
		for _, field := range r.NotRecorded(set) {
			fmt.Fprintf(env.Stderr, "boltseal: not assessed: field %s: it was not recorded, and a test of it is false\n", field)
			whole = false
		}
		o.Hostname, events = r.Hostname, r.Events
	}
	summary, err := watch.Replay(o, events)
	if err != nil {
		fmt.Fprintf(env.Stderr, "boltseal: %s: %v\n", name, err)
		whole = false
	}
	fmt.Fprintf(env.Stderr, "boltseal: %s: %s, %s\n", name, plural(int(summary.Events), "event"), plural(int(summary.Alerts), "alert"))
	return whole, nil
}

// recordFlags are where a watch writes the events that it sees.
type recordFlags struct{ file string }

func (f *recordFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.file, "record", "", "write the events that the rules ask for to this file, for boltseal watch replay")
}

// eventRecord writes events to a file. A nil one does nothing.
type eventRecord struct {
	file   *os.File
	to     *watch.Recorder
	failed bool
	tell   func(error)
}

func (f *recordFlags) open(env *Env, set *rule.Set) (*eventRecord, error) {
	if f.file == "" {
		return nil, nil
	}
	file, err := os.OpenFile(f.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, usageError{fmt.Errorf("--record: %w", err)}
	}
	host, _ := os.Hostname()
	to, err := watch.NewRecorder(file, set, host, env.Now())
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &eventRecord{file: file, to: to, tell: func(err error) { fmt.Fprintf(env.Stderr, "boltseal: %v\n", err) }}, nil
}

// and puts the recording behind another tap.
func (r *eventRecord) and(first func(*sensor.Event)) func(*sensor.Event) {
	if r == nil {
		return first
	}
	return func(e *sensor.Event) {
		if first != nil {
			first(e)
		}
		if err := r.to.Event(e); err != nil && !r.failed {
			r.failed = true
			r.tell(fmt.Errorf("%w: nothing more is recorded", err))
		}
	}
}

func (r *eventRecord) close() error {
	if r == nil {
		return nil
	}
	return errors.Join(r.to.Close(), r.file.Close())
}
