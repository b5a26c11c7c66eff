package seccomp_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/seccomp"
)

func TestNumbers(t *testing.T) {
	// asm/unistd_64.h, asm/unistd_32.h, asm/unistd_x32.h, asm-generic/unistd.h
	for _, c := range []struct {
		arch seccomp.Arch
		name string
		want int
	}{
		{seccomp.X8664, "read", 0}, {seccomp.X8664, "execve", 59}, {seccomp.X8664, "openat2", 437},
		{seccomp.X86, "sigreturn", 119}, {seccomp.X86, "execve", 11}, {seccomp.X32, "execve", 520},
		{seccomp.AArch64, "execve", 221}, {seccomp.ARM, "cacheflush", 0xf0002}, {"SCMP_ARCH_RISCV64", "execve", 221},
		{"SCMP_ARCH_S390X", "execve", 11}, {"SCMP_ARCH_MIPS64", "read", 5000},
	} {
		if got, ok := seccomp.Number(c.arch, c.name); !ok || got != c.want {
			t.Errorf("%s on %s: got %d %v, want %d", c.name, c.arch, got, ok, c.want)
		}
	}
	for _, c := range []struct {
		arch seccomp.Arch
		name string
	}{{seccomp.X8664, "sigreturn"}, {seccomp.AArch64, "open"}, {seccomp.AArch64, "arch_prctl"}, {seccomp.X86, "msan_memory_is_poisoned"}} {
		if n, ok := seccomp.Number(c.arch, c.name); ok {
			t.Errorf("%s on %s: got %d, want none", c.name, c.arch, n)
		}
	}
	if len(seccomp.Tabled()) < 12 || !seccomp.Exists("sigreturn") || seccomp.Exists("name") || seccomp.Exists("#") {
		t.Error("the table is not read as it stands")
	}
}

func TestDefaults(t *testing.T) {
	for _, name := range []string{"docker", "podman"} {
		p, ok := seccomp.Default(name)
		if !ok {
			t.Fatal(name)
		}
		for _, arch := range []seccomp.Arch{seccomp.X8664, seccomp.AArch64, "SCMP_ARCH_S390X"} {
			f := p.Apply(&seccomp.Target{Arch: arch})
			for _, n := range seccomp.Needs() {
				if missing := n.Missing(f); len(missing) > 0 {
					t.Errorf("%s on %s refuses what %s need: %v", name, arch, n.Title, missing)
				}
			}
			for _, call := range []string{"bpf", "kexec_load", "init_module", "userfaultfd", "perf_event_open", "open_by_handle_at"} {
				if d := f.Decide(call); d.Verdict() != seccomp.Never {
					t.Errorf("%s on %s lets %s through", name, arch, call)
				}
			}
		}
		for _, r := range p.Rules {
			for _, call := range r.Names {
				if !seccomp.Exists(call) {
					t.Errorf("%s: unknown call %s", name, call)
				}
			}
		}
	}
}

func TestConditions(t *testing.T) {
	p, _ := seccomp.Default("docker")
	verdict := func(target seccomp.Target, call string) seccomp.Verdict {
		d := p.Apply(&target).Decide(call)
		return d.Verdict()
	}
	for _, c := range []struct {
		target seccomp.Target
		call   string
		want   seccomp.Verdict
	}{
		{seccomp.Target{}, "mount", seccomp.Never},
		{seccomp.Target{Caps: []string{"CAP_SYS_ADMIN"}}, "mount", seccomp.Always},
		{seccomp.Target{}, "clone", seccomp.Sometimes},
		{seccomp.Target{Caps: []string{"CAP_SYS_ADMIN"}}, "clone", seccomp.Always},
		{seccomp.Target{}, "socket", seccomp.Sometimes},
		{seccomp.Target{}, "ptrace", seccomp.Always},
		{seccomp.Target{Kernel: "4.4"}, "ptrace", seccomp.Never},
		{seccomp.Target{Kernel: "4.19.0-27-amd64"}, "ptrace", seccomp.Always},
		{seccomp.Target{}, "arch_prctl", seccomp.Always},
		{seccomp.Target{Arch: "SCMP_ARCH_S390X"}, "arch_prctl", seccomp.Never},
		{seccomp.Target{OCI: true}, "mount", seccomp.Always}, // what is conditional for Docker is not for others
	} {
		if got := verdict(c.target, c.call); got != c.want {
			t.Errorf("%s with %+v: got %v, want %v", c.call, c.target, got, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	a := parse(t, `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read","write","ptrace"],"action":"SCMP_ACT_ALLOW"},
		{"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_EQ"}]}]}`)
	b := parse(t, `{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read","personality","bpf"],"action":"SCMP_ACT_ALLOW"},{"name":"write","action":"SCMP_ACT_LOG"}]}`)
	var got []string
	for _, d := range seccomp.Compare(a.Apply(&seccomp.Target{}), b.Apply(&seccomp.Target{})) {
		switch {
		case d.More():
			got = append(got, "+"+d.Name)
		case d.Less():
			got = append(got, "-"+d.Name)
		}
	}
	if diff := cmp.Diff([]string{"+bpf", "+personality", "-ptrace"}, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if d := seccomp.Compare(a.Apply(&seccomp.Target{}), a.Apply(&seccomp.Target{})); len(d) > 0 {
		t.Errorf("a profile differs from itself: %v", d)
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{"exceve": "", "execv": "execve", "getpids": "getpid", "opneat": "openat", "zzz": "", "nothing_like_it": ""} {
		if got, _ := seccomp.Nearest(name); got != want && want != "" {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestDangersAreCalls(t *testing.T) {
	p, _ := seccomp.Default("docker")
	f := p.Apply(&seccomp.Target{})
	for _, name := range seccomp.Dangerous() {
		if !seccomp.Exists(name) {
			t.Errorf("%s is no system call", name)
		}
		d := f.Decide(name)
		if slices.Contains([]string{"ptrace", "process_vm_readv", "process_vm_writev"}, name) {
			continue // let through since Linux 4.8
		}
		if d.Verdict() == seccomp.Always && name != "keyctl" {
			t.Errorf("%s: Docker's default lets it through", name)
		}
	}
}

func parse(t *testing.T, text string) *seccomp.Profile {
	t.Helper()
	p, err := seccomp.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0}]}]}`))
	f.Add([]byte(`{"defaultAction":"x","archMap":null,"syscalls":[{"name":"a","includes":{"minKernel":"4..8"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := seccomp.Parse(data)
		if err != nil {
			return
		}
		for _, target := range []seccomp.Target{{}, {OCI: true, Arch: seccomp.AArch64}, {Kernel: "3.10"}} {
			filter := p.Apply(&target)
			if len(seccomp.Compare(filter, filter)) > 0 {
				t.Error("a filter differs from itself")
			}
			for _, n := range seccomp.Needs() {
				n.Missing(filter)
			}
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	p, _ := seccomp.Default("docker")
	q, _ := seccomp.Default("podman")
	for b.Loop() {
		if len(seccomp.Compare(p.Apply(&seccomp.Target{}), q.Apply(&seccomp.Target{}))) == 0 {
			b.Fatal("they differ")
		}
	}
}
