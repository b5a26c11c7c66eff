package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
	"github.com/boltseal/boltseal/watch"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &watchFlags{}
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Watch what runs, and tell what rules forbid",
		Long: `Watch what runs, and tell what rules forbid.

Programs in the kernel tell of processes, files and connections; rules in
Falco's language say what must not be. It needs Linux 5.17 or later with BTF,
and root. Without --rules boltseal's own rules are used; Falco's published
files load unmodified.

Equal alerts within --group are one alert with a count, and no more than --rate
alerts are sent in a second; what was held back is counted and told. Events
that the kernel had to drop are an alert of their own, and the exit status is 3.
Rule files that change are loaded anew; with an error in them the old rules stay.

--enforce also prevents what a policy forbids in containers: it says "audit" or
"enforce", and each act has the strongest back-end that a canary proved on this
machine; "boltseal watch doctor" shows them. What cannot be stopped is told at
the start, and with "fail: closed" the watch does not begin (exit status 3).

Where alerts go, -o FORMAT or FORMAT=DESTINATION:
` + outputHelp() + `
A receiver that is away is offered its alerts again, at least once and each with
an id; with --spool they wait on disk. A destination of @FILE is read from a
file: the URL on its first line, headers on those that follow.

Exit status: 0 ended by a signal or --for, 2 the rules do not load, 3 the
sensor cannot run here, or dropped events.`,
		Example: `  boltseal watch
  boltseal watch --rules falco_rules.yaml --rules local.yaml -o json=/var/log/boltseal.json
  boltseal watch -o text -o slack=@/etc/boltseal/slack --spool /var/lib/boltseal/spool
  boltseal watch --enforce enforce.yaml
  boltseal watch --for 10m -o text -o json=alerts.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runWatch(cmd.Context(), env, f) },
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.rules, "rules", nil, "rule file; may be repeated, later ones append and override")
	f.sinks.register(fl)
	f.audit.register(fl)
	f.use.register(fl)
	f.record.register(fl)
	fl.StringArrayVar(&f.scanned, "scanned", nil, "report of a scan (-o json=FILE); with it, images that were not scanned, changed since, or are blocked are alerts; may be repeated")
	fl.IntVar(&f.rate, "rate", 100, "alerts of a second that are sent; 0 sends all")
	fl.DurationVar(&f.group, "group", time.Minute, "equal alerts within so long are one with a count; 0 keeps them apart")
	fl.DurationVar(&f.length, "for", 0, "end after so long (default: at a signal)")
	fl.StringVar(&f.priority, "priority", "debug", "leave out rules that are less urgent")
	fl.StringVar(&f.root, "root", "/", "where the host's file system is, in a container")
	fl.StringVar(&f.enforce, "enforce", "", "policy of what to prevent, in a file of its own or in the section enforce of boltseal.yaml")
	cmd.AddCommand(watchReplay(env), watchDoctor(env), watchCanary(env), watchRelease(env))
	return cmd
})

type watchFlags struct {
	rules          []string
	sinks          sinkFlags
	audit          kubeAuditFlags
	use            useFlags
	record         recordFlags
	scanned        []string
	rate           int
	group, length  time.Duration
	priority, root string
	enforce        string
}

func runWatch(ctx context.Context, env *Env, f *watchFlags) (err error) {
	set, err := f.load(env)
	if err != nil {
		return err
	}
	outs, closeAll, err := f.sinks.open(env)
	if err != nil {
		return err
	}
	defer closeAll()
	feeds, err := f.audit.feeds(ctx, env, set)
	if err != nil {
		return err
	}
	uses, err := f.use.open(env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, uses.close()) }()
	images, err := scannedImages(f.scanned)
	if err != nil {
		return err
	}
	record, err := f.record.open(env, set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, record.close()) }()
	if f.length > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, f.length)
		defer stop()
	}
	host, _ := os.Hostname()
	for _, gap := range watch.Gaps(set) {
		fmt.Fprintf(env.Stderr, "boltseal: not assessed: %s: %s (%s)\n", gap.What, gap.Why, gap.Hint)
	}
	var alerts chan *watch.Alert
	if f.enforce != "" {
		p, failed := f.prevent(ctx, env)
		if failed != nil {
			return failed
		}
		alerts = p.alerts
		defer func() { err = errors.Join(err, p.close(env)) }()
	}
	summary, err := watch.Run(ctx, &watch.Options{
		Alerts: alerts, Rules: set, Outputs: outs, Hostname: host, Window: f.group, Rate: f.rate, Sensor: sensor.Options{Root: f.root},
		Reload: f.reload(ctx, env), Feeds: feeds, Images: images, Tap: record.and(uses.tap()), Calls: uses.calls(),
		Ready: func(*sensor.Sensor) {
			n := set.Counts()
			fmt.Fprintf(env.Stderr, "boltseal: watching with %s (%d on)\n", plural(n.Rules, "rule"), n.Enabled)
		},
		Errors: func(err error) { fmt.Fprintf(env.Stderr, "boltseal: %v\n", err) },
	})
	if err != nil {
		return err
	}
	st := summary.Stats
	fmt.Fprintf(env.Stderr, "boltseal: %s, %s; dropped %d events and %d records of processes\n",
		plural(int(summary.Events), "event"), plural(int(summary.Alerts), "alert"), st.Dropped, st.Lost)
	if st.Compat > 0 {
		fmt.Fprintf(env.Stderr, "boltseal: not assessed: %d system calls of 32-bit programs\n", st.Compat)
	}
	if st.Dropped+st.Lost+st.Compat > 0 {
		return status(statusGap)
	}
	return nil
}

// load reads the rules. Rules that do not load are a mistake of the caller.
func (f *watchFlags) load(env *Env) (*rule.Set, error) {
	priority, ok := rule.ParsePriority(f.priority)
	if !ok {
		return nil, usagef("--priority %q: want emergency, alert, critical, error, warning, notice, informational or debug", f.priority)
	}
	var files []*rule.File
	var problems []rule.Problem
	add := func(name string, data []byte) {
		file, found := rule.Parse(name, data)
		files = append(files, file)
		problems = append(problems, found...)
	}
	if len(f.rules) == 0 {
		add(watch.OwnRulesName, watch.OwnRules)
	}
	for _, name := range f.rules {
		data, err := readRuleFile(name)
		if err != nil {
			return nil, usageError{err}
		}
		add(name, data)
	}
	set, found := rule.Compile(files, &rule.Options{All: true, Priority: priority})
	problems = append(problems, found...)
	for _, p := range problems {
		if !p.Warning {
			fmt.Fprintln(env.Stderr, p)
		}
	}
	if n := len(rule.Errors(problems)); n > 0 {
		return nil, usagef("%s in the rules; run: boltseal rules check %s", plural(n, "error"), strings.Join(f.rules, " "))
	}
	return set, nil
}
