package rule_test

import (
	"testing"

	"github.com/boltseal/boltseal/rule"
)

// FuzzParse: no file brings the package down, every problem has a place, and
// the same file gives the same problems.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"- rule: r\n  desc: d\n  condition: evt.type=execve and m\n  output: o %proc.name %5fd.name\n  priority: INFO\n  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n      comps: [=, in]\n      values:\n        - [a, [b, c]]\n",
		"- macro: m\n  condition: (proc.name in (l))\n- list: l\n  items: [a, 'b c', l]\n- macro: m\n  condition: or m\n  override:\n    condition: append\n",
		"- rule: r\n  enabled: false\n- required_engine_version: 15\n- required_plugin_versions:\n  - name: json\n    version: 0.7.0\n",
		"- list: l\n  append: true\n  items: [x]\n", "[", "- - a\n", "a: b\n", "- rule:\n", "- &a rule: *a\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		file, problems := rule.Parse("f.yaml", data)
		set, more := rule.Compile([]*rule.File{file, file}, &rule.Options{All: true})
		for _, p := range append(problems, more...) {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Code == "" {
				t.Errorf("a problem without a place or words: %#v", p)
			}
		}
		ev := newEvent(t, "syscall", "execve", map[string]any{"proc.name": "a", "fd.name": "/b"})
		set.Eval(ev, func(m *rule.Match) bool { m.Rule.Text(ev); m.Rule.Values(ev); return true })
		_, again := rule.Compile([]*rule.File{file, file}, &rule.Options{All: true})
		if len(again) != len(more) {
			t.Errorf("%d problems, then %d", len(more), len(again))
		}
	})
}

// FuzzCondition: a condition that compiles is the opposite of its negation,
// whatever the event, and means the same twice.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		`proc.name = bash and not fd.num >= 0`, `tolower(proc.cmdline) contains x or proc.aname in (a, b)`,
		`fd.snet in ("10.0.0.0/8") and evt.buffer bcontains ff`, `proc.name glob "[a-c]*\\?" or fd.name pmatch (/a/*)`,
		`join(",", fd.types) regex "a.*" and getopt(proc.args, "a:b") intersects (a)`, `proc.name startswith oneof (a, b)`,
		`not evt.type in (open, execve) or evt.type=execve and proc.name != val(proc.pname)`,
	} {
		f.Add(seed, "bash -c x", "/a/b/c", int64(3))
	}
	f.Fuzz(func(t *testing.T, condition, text, path string, number int64) {
		if len(condition) > 1<<12 {
			return
		}
		ev := newEvent(t, "syscall", "execve", map[string]any{
			"proc.name": text, "proc.cmdline": text, "proc.args": text, "proc.aname": []string{text, path}, "fd.name": path, "fd.num": int(number),
			"fd.types": []string{path, text}, "evt.buffer": text,
		})
		is, ok := ask(condition, ev)
		if !ok {
			return
		}
		isNot, ok := ask("not ("+condition+")", ev)
		if !ok || is == isNot {
			t.Errorf("%q is %v, its negation %v (compiles %v)", condition, is, isNot, ok)
		}
		if both, ok := ask("("+condition+") and not ("+condition+")", ev); ok && both {
			t.Errorf("%q and its negation hold together", condition)
		}
	})
}

// ask compiles a condition, given as JSON text is, and matches one event.
func ask(condition string, ev rule.Event) (is, ok bool) {
	quoted := make([]byte, 0, len(condition)+2)
	for i := range len(condition) {
		switch c := condition[i]; {
		case c < 0x20 || c >= 0x7f:
			return false, false
		case c == '\'':
			quoted = append(quoted, "''"...)
		default:
			quoted = append(quoted, c)
		}
	}
	file := "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: '" + string(quoted) + "'\n"
	f, problems := rule.Parse("r.yaml", []byte(file))
	set, more := rule.Compile([]*rule.File{f}, nil)
	if len(rule.Errors(append(problems, more...))) > 0 {
		return false, false
	}
	set.Eval(ev, func(*rule.Match) bool { is = true; return true })
	return is, true
}
