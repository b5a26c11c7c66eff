package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/rule"
)

// Five thousand rules load, and match, in a time that nobody waits for.
func TestManyRules(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "- rule: r%d\n  desc: d\n  condition: evt.type in (open, openat) and proc.name = p%d and fd.name startswith /srv/%d/\n  output: o (file=%%fd.name)\n  priority: INFO\n", i, i, i)
	}
	start := time.Now()
	f, problems := rule.Parse("many.yaml", []byte(b.String()))
	set, more := rule.Compile([]*rule.File{f}, &rule.Options{All: true})
	if n := len(rule.Errors(append(problems, more...))); n > 0 || set.Counts().Enabled != 5000 {
		t.Fatalf("%d errors, %+v", n, set.Counts())
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("loading took %s", took)
	}
	hits := 0
	set.Eval(&textEvent{"openat", map[string]string{"evt.type": "openat", "proc.name": "p4999", "fd.name": "/srv/4999/x"}}, func(m *rule.Match) bool {
		hits++
		if m.Rule.Name != "r4999" {
			t.Errorf("%s matches", m.Rule.Name)
		}
		return true
	})
	if hits != 1 {
		t.Errorf("%d matches", hits)
	}
}

// Expressions that explode elsewhere take a time that grows with the text
// alone, and those that would grow beyond all bounds do not load.
func TestRegexpsDoNotExplode(t *testing.T) {
	f, problems := rule.Parse("r.yaml", []byte("- rule: r\n  desc: d\n  condition: evt.type = openat and fd.name regex '(a+)+$'\n  output: o\n  priority: INFO\n"))
	set, more := rule.Compile([]*rule.File{f}, nil)
	if n := len(rule.Errors(append(problems, more...))); n > 0 {
		t.Fatal(problems, more)
	}
	start := time.Now()
	set.Eval(&textEvent{"openat", map[string]string{"evt.type": "openat", "fd.name": strings.Repeat("a", 1<<16) + "!"}}, func(*rule.Match) bool {
		t.Error("it matches")
		return true
	})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("one event took %s", took)
	}
	f, problems = rule.Parse("r.yaml", []byte("- rule: r\n  desc: d\n  condition: evt.type = openat and fd.name regex '((a{100}){100}){100}'\n  output: o\n  priority: INFO\n"))
	_, more = rule.Compile([]*rule.File{f}, nil)
	if len(rule.Errors(append(problems, more...))) == 0 {
		t.Error("an expression of a million states loads")
	}
}

// Bytes that are no UTF-8 are compared as they are, and printed escaped.
func TestBytesThatAreNoText(t *testing.T) {
	f, problems := rule.Parse("r.yaml", []byte("- rule: r\n  desc: d\n  condition: evt.type = openat and fd.name contains \"/x\"\n  output: opened %fd.name\n  priority: INFO\n"))
	set, more := rule.Compile([]*rule.File{f}, nil)
	if n := len(rule.Errors(append(problems, more...))); n > 0 {
		t.Fatal(problems, more)
	}
	e := &textEvent{"openat", map[string]string{"evt.type": "openat", "fd.name": "/x\xff\x1b[2J\n"}}
	got := ""
	set.Eval(e, func(m *rule.Match) bool { got = m.Rule.Text(e); return true })
	if want := `opened /x\xff\x1b[2J\x0a`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// textEvent is an event whose values are texts.
type textEvent struct {
	name   string
	values map[string]string
}

var allFields = rule.Fields()

func (e *textEvent) Source() string { return "syscall" }
func (e *textEvent) Name() string   { return e.name }
func (e *textEvent) Field(id rule.FieldID, _ rule.Arg, v *rule.Value) {
	if s, ok := e.values[allFields[id].Name]; ok {
		v.AddString(s)
	}
}
