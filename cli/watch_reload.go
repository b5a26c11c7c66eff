package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/boltseal/boltseal/rule"
)

// lookAtRules is how often rule files are looked at for changes.
const lookAtRules = 2 * time.Second

// reload gives rules anew whenever one of their files has changed. Files that
// do not load change nothing: the rules that are used stay, and it is said.
func (f *watchFlags) reload(ctx context.Context, env *Env) <-chan *rule.Set {
	if len(f.rules) == 0 {
		return nil
	}
	sets := make(chan *rule.Set)
	go func() {
		t := time.NewTicker(lookAtRules)
		defer t.Stop()
		seen := stamp(f.rules)
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			now := stamp(f.rules)
			if now == seen {
				continue
			}
			seen = now
			quiet := *env
			var said strings.Builder
			quiet.Stderr = &said
			set, err := f.load(&quiet)
			if err != nil {
				_, _ = io.WriteString(env.Stderr, said.String())
				fmt.Fprintf(env.Stderr, "boltseal: rules changed and do not load; the old ones stay: %v\n", err)
				continue
			}
			n := set.Counts()
			fmt.Fprintf(env.Stderr, "boltseal: rules changed: now %s (%d on)\n", plural(n.Rules, "rule"), n.Enabled)
			select {
			case sets <- set:
			case <-ctx.Done():
				return
			}
		}
	}()
	return sets
}

// stamp changes when one of the files does.
func stamp(names []string) string {
	var b strings.Builder
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintf(&b, "%s gone\n", name)
			continue
		}
		fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
