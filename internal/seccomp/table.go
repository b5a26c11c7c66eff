package seccomp

import (
	_ "embed" // the table of system calls
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The architectures that images are commonly built for.
const (
	X8664   Arch = "SCMP_ARCH_X86_64"
	X86     Arch = "SCMP_ARCH_X86"
	X32     Arch = "SCMP_ARCH_X32"
	AArch64 Arch = "SCMP_ARCH_AARCH64"
	ARM     Arch = "SCMP_ARCH_ARM"
)

//go:embed syscalls.txt
var syscalls string

// table is the system calls of every architecture that is known in detail.
type table struct {
	arches  []Arch
	numbers map[string][]int32 // by name; -1 where the architecture lacks it
}

var calls = sync.OnceValue(func() *table {
	t := &table{numbers: map[string][]int32{}}
	for line := range strings.Lines(syscalls) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "#":
		case fields[0] == "name":
			for _, arch := range fields[1:] {
				t.arches = append(t.arches, Arch(arch))
			}
		default:
			row := make([]int32, len(t.arches))
			for i, field := range fields[1:] {
				n, err := strconv.ParseInt(field, 10, 32)
				if err != nil {
					n = -1
				}
				row[i] = int32(n)
			}
			t.numbers[fields[0]] = row
		}
	}
	return t
})

// Tabled lists the architectures whose system calls are known.
func Tabled() []Arch { return slices.Clone(calls().arches) }

// Number is a system call's number on an architecture.
func Number(arch Arch, name string) (int, bool) {
	t := calls()
	i := slices.Index(t.arches, arch)
	row := t.numbers[name]
	if i < 0 || row == nil || row[i] < 0 {
		return 0, false
	}
	return int(row[i]), true
}

// Exists reports whether any architecture has the system call.
func Exists(name string) bool { return calls().numbers[name] != nil }

// On lists the architectures that have the system call.
func On(name string) []Arch {
	t := calls()
	var out []Arch
	for i, n := range t.numbers[name] {
		if n >= 0 {
			out = append(out, t.arches[i])
		}
	}
	return out
}

// Calls lists the system calls of an architecture by name.
func Calls(arch Arch) []string {
	t := calls()
	i := slices.Index(t.arches, arch)
	if i < 0 {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(t.numbers)) {
		if t.numbers[name][i] >= 0 {
			out = append(out, name)
		}
	}
	return out
}

// Nearest is the known system call that differs from a name by one slip of
// the keyboard, if there is only one.
func Nearest(name string) (string, bool) {
	if len(name) < 4 {
		return "", false
	}
	var near []string
	for known := range calls().numbers {
		if oneSlip(known, name) {
			near = append(near, known)
		}
	}
	if len(near) != 1 {
		return "", false
	}
	return near[0], true
}

// oneSlip reports whether one letter added, lost, changed or swapped with
// the next makes a of b.
func oneSlip(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	switch len(a) - len(b) {
	case 0:
		return i < len(b) && (a[i+1:] == b[i+1:] || i+1 < len(b) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i+1:] == b[i:]
	}
	return false
}

// archNames are the architectures of the OCI specification, with their
// names in Docker's conditions.
var archNames = map[Arch]string{
	X8664: "amd64", X86: "x86", X32: "x32", AArch64: "arm64", ARM: "arm",
	"SCMP_ARCH_MIPS": "mips", "SCMP_ARCH_MIPS64": "mips64", "SCMP_ARCH_MIPS64N32": "mips64n32",
	"SCMP_ARCH_MIPSEL": "mipsel", "SCMP_ARCH_MIPSEL64": "mipsel64", "SCMP_ARCH_MIPSEL64N32": "mipsel64n32",
	"SCMP_ARCH_PPC": "ppc", "SCMP_ARCH_PPC64": "ppc64", "SCMP_ARCH_PPC64LE": "ppc64le",
	"SCMP_ARCH_S390": "s390", "SCMP_ARCH_S390X": "s390x", "SCMP_ARCH_RISCV64": "riscv64",
	"SCMP_ARCH_LOONGARCH64": "loong64", "SCMP_ARCH_PARISC": "parisc", "SCMP_ARCH_PARISC64": "parisc64",
	"SCMP_ARCH_M68K": "m68k", "SCMP_ARCH_SH": "sh", "SCMP_ARCH_SHEB": "sheb",
}

// Docker is the architecture's name in Docker's conditions.
func (a Arch) Docker() string { return archNames[a] }

// Valid reports whether the OCI specification knows the architecture.
func (a Arch) Valid() bool { return archNames[a] != "" }

// ParseArch reads an architecture as profiles, images or kernels call it:
// "SCMP_ARCH_X86_64", "amd64", "x86_64".
func ParseArch(name string) (Arch, bool) {
	switch strings.ToLower(name) {
	case "x86_64", "x64":
		return X8664, true
	case "386", "i386", "i686":
		return X86, true
	case "aarch64":
		return AArch64, true
	case "mips64le":
		return "SCMP_ARCH_MIPSEL64", true
	case "mipsle":
		return "SCMP_ARCH_MIPSEL", true
	case "loongarch64":
		return "SCMP_ARCH_LOONGARCH64", true
	}
	for arch, docker := range archNames {
		if strings.EqualFold(name, string(arch)) || strings.EqualFold(name, docker) {
			return arch, true
		}
	}
	return "", false
}

// Sub lists the architectures that an architecture's processors run besides.
func (a Arch) Sub() []Arch {
	switch a {
	case X8664:
		return []Arch{X86, X32}
	case AArch64:
		return []Arch{ARM}
	case "SCMP_ARCH_S390X":
		return []Arch{"SCMP_ARCH_S390"}
	case "SCMP_ARCH_MIPS64":
		return []Arch{"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64N32"}
	case "SCMP_ARCH_MIPSEL64":
		return []Arch{"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32"}
	}
	return nil
}
