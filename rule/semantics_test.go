package rule_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/rule"
)

// subject is the event that the conditions below are asked of.
func subject(t *testing.T) *event {
	v4, v6 := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1")
	return newEvent(t, "syscall", "openat", map[string]any{
		"proc.name": "bash", "proc.pname": "sshd", "proc.cmdline": "bash -c Echo (hi)", "proc.args": "-n -t val -x",
		"proc.aname": []string{"sshd", "systemd"}, "proc.aname[1]": "sshd", "proc.exe": "YmFzaA==",
		"fd.name": "/var/run/docker.sock", "fd.directory": "/var/run", "fd.num": -1, "fd.sport": 443, "fd.port": []int{443, 50000},
		"fd.ip": []netip.Addr{v4, v6}, "fd.sip": v4, "fd.cip": v6, "fd.snet": v4, "fd.net": []netip.Addr{v4, netip.MustParseAddr("127.0.0.1")},
		"evt.is_open_write": true, "evt.buffer": "\x00\xca\xfe\xba\xbe\x00", "evt.arg.flags": "O_CREAT|O_RDWR", "user.name": "",
		"fd.types": []string{"file", "ipv4"}, "proc.duration": 5000000000, "container.id": "host",
	})
}

// check compiles one condition and asks it of an event.
func check(t *testing.T, condition string, ev rule.Event) bool {
	t.Helper()
	file := fmt.Sprintf("- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  warn_evttypes: false\n  condition: |\n    %s\n", condition)
	f, problems := rule.Parse("r.yaml", []byte(file))
	set, more := rule.Compile([]*rule.File{f}, nil)
	for _, p := range rule.Errors(append(problems, more...)) {
		t.Fatalf("%s: %v", condition, p)
	}
	got := false
	for range 2 { // the second answer is remembered
		got = false
		set.Eval(ev, func(*rule.Match) bool { got = true; return true })
	}
	return got
}

func TestSemantics(t *testing.T) {
	ev := subject(t)
	for _, test := range []struct {
		condition string
		want      bool
	}{
		// A field without a value fails every check; its negation holds.
		{`user.uid = 0`, false}, {`user.uid != 0`, false}, {`not user.uid = 0`, true}, {`not user.uid != 0`, true},
		{`user.uid exists`, false}, {`user.uid >= 0`, false}, {`proc.tty in (0, 1)`, false}, {`group.name startswith ""`, false},
		// An empty text is a value.
		{`user.name exists`, true}, {`user.name = ""`, true}, {`user.name startswith ''`, true},
		// Texts.
		{`proc.name = bash`, true}, {`proc.name == bash`, true}, {`proc.name=Bash`, false}, {`proc.name != bash`, false},
		{`proc.name in (sh, bash)`, true}, {`proc.name in (sh, "a b")`, false}, {`proc.name in ()`, false}, {`proc.name intersects (bash)`, true},
		{`proc.cmdline contains "Echo (hi)"`, true}, {`proc.cmdline contains echo`, false}, {`proc.cmdline icontains ECHO`, true},
		{`proc.name startswith ba`, true}, {`proc.name startswith sh`, false}, {`proc.name endswith sh`, true}, {`proc.name endswith ba`, false},
		{`proc.name glob b*h`, true}, {`fd.name glob /var/*`, true}, {`fd.name glob "/var/?un/[a-d]ocker.*"`, true}, {`fd.name glob /var`, false},
		{`fd.name glob /VAR/*`, false}, {`fd.name iglob /VAR/*`, true},
		{`proc.name regex "b.*h"`, true}, {`proc.name regex "as"`, false}, {`proc.name regex "bash|zsh"`, true}, {`proc.name regex "x|as"`, false},
		{`evt.arg.flags contains O_CREAT`, true}, {`evt.arg.flags contains O_TRUNC`, false}, {`evt.arg.mode contains 0`, false},
		{`proc.name in (a1,a2,a3,a4,a5,a6,a7,bash)`, true}, {`proc.name in (a1,a2,a3,a4,a5,a6,a7,a8)`, false},
		// Paths match by component.
		{`fd.name pmatch (/var/run)`, true}, {`fd.name pmatch (/var/ru)`, false}, {`fd.name pmatch (/etc, /)`, true},
		{`fd.name pmatch (/var/run/docker.sock/x)`, false}, {`fd.name pmatch (/var/run/)`, true}, {`fd.name pmatch (/*/run)`, true}, {`fd.directory pmatch (/var/run)`, true},
		// Modifiers.
		{`proc.name startswith anyof (x, ba)`, true}, {`proc.name startswith allof (b, ba)`, true}, {`proc.name startswith allof (b, x)`, false},
		{`proc.name startswith oneof (b, ba)`, false}, {`proc.name endswith oneof (sh, x)`, true}, {`proc.name contains anyof (x, y)`, false},
		// Numbers.
		{`fd.num = -1`, true}, {`fd.num >= 0`, false}, {`fd.num < 0`, true}, {`fd.num != -1`, false}, {`fd.num <= -1`, true}, {`fd.num > -2`, true},
		{`fd.sport = "443"`, true}, {`fd.sport in (80, 443)`, true}, {`fd.sport = 0x1bb`, true}, {`proc.duration <= 5000000000`, true}, {`proc.duration < 5e9`, false},
		// Either end.
		{`fd.port = 443`, true}, {`fd.port = 50000`, true}, {`fd.port != 443`, false}, {`fd.port != 80`, true}, {`fd.port in (50000)`, true},
		// Addresses and networks, and families that never mix.
		{`fd.sip = 10.1.2.3`, true}, {`fd.sip = "::1"`, false}, {`fd.sip != "::1"`, true}, {`fd.ip = "2001:db8::1"`, true}, {`fd.ip != "10.1.2.3"`, false},
		{`fd.snet in ("10.0.0.0/8")`, true}, {`fd.snet = "10.1.2.3"`, true}, {`fd.snet = "fe80::/10"`, false}, {`fd.snet != "fe80::/10"`, true},
		{`fd.net != "127.0.0.0/8"`, false}, {`fd.net = "127.0.0.0/8"`, true}, {`fd.net in ("192.168.0.0/16")`, false},
		// Truths and bytes.
		{`evt.is_open_write = true`, true}, {`evt.is_open_write != true`, false}, {`evt.is_open_write in (false)`, false},
		{`evt.buffer bcontains CAFEBABE`, true}, {`evt.buffer bstartswith 00cafe`, true}, {`evt.buffer bstartswith cafe`, false}, {`evt.buffer contains abc`, false},
		// Ancestors: without an index, any of them.
		{`proc.aname = systemd`, true}, {`proc.aname != systemd`, true}, {`not proc.aname = cron`, true}, {`proc.aname[1] = sshd`, true}, {`proc.aname[1] = systemd`, false},
		{`proc.aname[7] = sshd`, false}, {`proc.aname in (cron, sshd)`, true}, {`proc.aname startswith sys`, true},
		// Lists: in is all of them, intersects is any.
		{`fd.types in (file, ipv4, pipe)`, true}, {`fd.types in (file)`, false}, {`fd.types intersects (file)`, true}, {`fd.types intersects (pipe)`, false}, {`fd.types exists`, true},
		// Transformers.
		{`tolower(proc.cmdline) contains echo`, true}, {`toupper(proc.name) = BASH`, true}, {`b64(proc.exe) = bash`, true}, {`b64(proc.cmdline) exists`, false},
		{`basename(fd.name) = docker.sock`, true}, {`len(proc.name) = 4`, true}, {`len(fd.types) >= 2`, true}, {`len(group.name) = 0`, false},
		{`concat(proc.pname, ":", proc.name) = "sshd:bash"`, true}, {`concat(proc.pname, group.name) exists`, false}, {`join("-", proc.pname, proc.name) = sshd-bash`, true},
		{`join("; ", fd.types) = "file; ipv4"`, true}, {`getopt(proc.args, "nt:") in (n, t)`, true}, {`getopt(proc.args, "nt:x") intersects (x)`, true},
		{`toupper(basename(fd.directory)) = RUN`, true}, {`proc.name = val(proc.pname)`, false}, {`b64(proc.exe) = val(proc.name)`, true}, {`toupper(proc.name) = toupper(proc.name)`, true},
		{`proc.name != val(group.name)`, false},
		// Logic.
		{`proc.name=bash and not (fd.num=1 or container.id!=host)`, true}, {`not not proc.name=bash`, true}, {`not(proc.name=bash)`, false},
		{`proc.name=sh or proc.name=bash and fd.num=5`, false}, {`(proc.name=bash or proc.name=sh) and (proc.pname=sshd)`, true},
		{`evt.type=openat`, true}, {`evt.type!=openat`, false}, {`evt.type in (open, openat) and not evt.type=open`, true}, {`evt.type startswith open`, true},
		{`not evt.type=execve`, true}, {`evt.type=execve or proc.name=bash`, true}, {`evt.num=0`, false}, {`not evt.num=0`, true},
		// Escapes.
		{`proc.cmdline = "bash -c \x45cho (hi)"`, true}, {`proc.cmdline = 'bash -c Echo\x20(hi)'`, true},
	} {
		if got := check(t, test.condition, ev); got != test.want {
			t.Errorf("%s is %v, want %v", test.condition, got, test.want)
		}
	}
}

// wrong conditions and what is said of them.
func TestConditionErrors(t *testing.T) {
	for condition, want := range map[string]string{
		`proc.name`:                       `unexpected end of the condition after proc.name; expecting an operator`,
		`proc.name = `:                    `expecting a value`,
		`proc.name=a proc.name=b`:         `unexpected "proc.name=b"; expecting 'or', 'and'`,
		`(proc.name=a`:                    `expecting ')', 'or', 'and'`,
		`proc.name=a)`:                    `this parenthesis was never opened`,
		`proc.name="a`:                    `the quote is never closed`,
		`proc.name="\q"`:                  `unknown escape`,
		`fd.num >= x`:                     `expecting a number`,
		`proc.name in (a b)`:              `in a list; expecting ')' or ','`,
		`proc.nme = x`:                    `unknown field "proc.nme": did you mean proc.name?`,
		`fd.num contains 1`:               `operator contains cannot be used with fd.num, whose type is int`,
		`fd.num = x`:                      `"x" is no whole number`,
		`fd.sip = 1.2.3`:                  `"1.2.3" is no IP address`,
		`fd.net = 1.2.3.4/99`:             `is neither a network nor an IP address`,
		`evt.is_open_write = maybe`:       `is neither true nor false`,
		`fd.types = file`:                 `cannot be used with fd.types, which is a list`,
		`proc.name regex "a("`:            `missing closing )`,
		`proc.name regex "a)(b"`:          `unexpected )`,
		`evt.buffer bcontains xyz`:        `is not hexadecimal`,
		`proc.name[1] = x`:                `proc.name takes no argument`,
		`evt.arg = x`:                     `evt.arg needs an argument`,
		`ka.verb = get`:                   `ka.verb is no field of source syscall`,
		`len(proc.tty) = 1`:               `len( takes a text or a list`,
		`nothing and proc.name=x`:         `undefined macro "nothing"`,
		`proc.name = val(fd.num)`:         `different types`,
		`proc.aname[ = x`:                 `is not closed`,
		strings.Repeat("(", 2000) + "x.y": `nested deeper`,
	} {
		file := fmt.Sprintf("- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  warn_evttypes: false\n  condition: |\n    %s\n", condition)
		f, problems := rule.Parse("r.yaml", []byte(file))
		_, more := rule.Compile([]*rule.File{f}, nil)
		failed := rule.Errors(append(problems, more...))
		if len(failed) != 1 || !strings.Contains(failed[0].String(), want) {
			t.Errorf("%.60s: got %v, want one error with %q", condition, failed, want)
		}
	}
}
