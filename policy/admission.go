package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Mode is what admission does with an object that the policy blocks.
type Mode string

// The modes of admission.
const (
	Enforce Mode = "enforce" // the object is refused
	Warn    Mode = "warn"    // it is let in, and whoever sent it is warned
	Audit   Mode = "audit"   // it is let in, and only the audit log says so
)

// Admission says what a cluster lets in. The zero value is read as
// [Policy.Admits] says.
type Admission struct {
	Mode        Mode
	FailOn      *Threshold // nil is the policy's
	PodSecurity string     // the level of the Pod Security Standards that pods must keep to
	OnErrorOpen bool       // what could not be looked at in time is let in
	Annotations bool       // annotations of an object accept findings about it
	Namespace   string     // boltseal's own
	Exempt      []string   // patterns of namespaces that are passed over
	Include     []string   // namespaces that are judged though they are boltseal's own or the system's
	Namespaces  []NamespaceMode
	Deadline    time.Duration // for one answer
	TTL         time.Duration // how long an image's verdict holds
}

// NamespaceMode is the mode of the namespaces that a pattern names.
type NamespaceMode struct {
	Name string
	Mode Mode
}

// Admits is the policy's section for admission, with what it leaves out
// filled in: enforce, the baseline level, deny on errors, 8 seconds for an
// answer and 10 minutes for a verdict.
func (p *Policy) Admits() Admission {
	var a Admission
	if p.Admission != nil {
		a = *p.Admission
	}
	if a.Mode == "" {
		a.Mode = Enforce
	}
	if a.FailOn == nil {
		a.FailOn = &p.FailOn
	}
	if a.PodSecurity == "" {
		a.PodSecurity = "baseline"
	}
	if a.Namespace == "" {
		a.Namespace = "boltseal"
	}
	if a.Deadline == 0 {
		a.Deadline = 8 * time.Second
	}
	if a.TTL == 0 {
		a.TTL = 10 * time.Minute
	}
	return a
}

// In is the mode for a namespace; false is one that is passed over. The
// first entry that names it holds.
func (a *Admission) In(namespace string) (Mode, bool) {
	is := func(pattern string) bool { return match(pattern, namespace) }
	if namespace == "kube-system" || namespace == a.Namespace {
		if !slices.ContainsFunc(a.Include, is) {
			return "", false
		}
	}
	if slices.ContainsFunc(a.Exempt, is) {
		return "", false
	}
	for _, n := range a.Namespaces {
		if is(n.Name) {
			return n.Mode, true
		}
	}
	return a.Mode, true
}

var (
	errLevel     = errors.New("want privileged, baseline or restricted")
	errNoPattern = errors.New("an entry of namespaces needs name and mode")
	errDuration  = errors.New("want a time such as 8s")
)

func (p *Policy) loadAdmission(n ast.Node) error {
	a := &Admission{}
	err := eachKey(n, map[string]func(ast.Node) error{
		"mode": modeInto(&a.Mode),
		"fail-on": func(n ast.Node) error {
			words, err := texts(n)
			if err != nil {
				return err
			}
			t, err := ParseThreshold(words...)
			if err != nil {
				return at(n, err)
			}
			a.FailOn = &t
			return nil
		},
		"pod-security": func(n ast.Node) (err error) {
			if a.PodSecurity, err = text(n); err == nil && !slices.Contains([]string{"privileged", "baseline", "restricted"}, a.PodSecurity) {
				err = at(n, errLevel)
			}
			return err
		},
		"on-error":    func(n ast.Node) error { return choose(n, &a.OnErrorOpen, "deny", "allow") },
		"annotations": func(n ast.Node) error { return choose(n, &a.Annotations, "refuse", "honour") },
		"namespace":   textInto(&a.Namespace),
		"exempt":      func(n ast.Node) (err error) { a.Exempt, err = texts(n); return err },
		"include":     func(n ast.Node) (err error) { a.Include, err = texts(n); return err },
		"deadline":    durationInto(&a.Deadline, 100*time.Millisecond, 29*time.Second),
		"keep":        durationInto(&a.TTL, time.Second, 24*time.Hour),
		"namespaces": func(n ast.Node) error {
			items, err := list(n)
			if err != nil {
				return err
			}
			for _, item := range items {
				var m NamespaceMode
				if err := eachKey(item, map[string]func(ast.Node) error{"name": textInto(&m.Name), "mode": modeInto(&m.Mode)}); err != nil {
					return err
				}
				if m.Name == "" || m.Mode == "" {
					return at(item, errNoPattern)
				}
				a.Namespaces = append(a.Namespaces, m)
			}
			return nil
		},
	})
	p.Admission = a
	return err
}

func modeInto(m *Mode) func(ast.Node) error {
	return func(n ast.Node) error {
		word, err := text(n)
		if err != nil {
			return err
		}
		*m = Mode(word)
		if *m != Enforce && *m != Warn && *m != Audit {
			return at(n, fmt.Errorf("%q: want enforce, warn or audit", clip(word)))
		}
		return nil
	}
}

func durationInto(d *time.Duration, least, most time.Duration) func(ast.Node) error {
	return func(n ast.Node) error {
		word, err := text(n)
		if err != nil {
			return err
		}
		if *d, err = time.ParseDuration(word); err != nil {
			return at(n, errDuration)
		}
		if *d < least || *d > most {
			return at(n, fmt.Errorf("%s: want from %s to %s", *d, least, most))
		}
		return nil
	}
}
