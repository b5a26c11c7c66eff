//go:build ignore

// Gen writes syscalls.txt: which system call has which number on which
// architecture.
//
//	go run gen.go "$(go list -m -f '{{.Dir}}' golang.org/x/sys)" /usr/include/x86_64-linux-gnu/asm/unistd_x32.h > syscalls.txt
//
// The numbers are those of golang.org/x/sys/unix, which are generated from the
// kernel's headers; x32 is not among them and comes from the header itself.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// arches are the columns, and the files that they come from.
var arches = [][2]string{
	{"SCMP_ARCH_X86_64", "amd64"}, {"SCMP_ARCH_X86", "386"}, {"SCMP_ARCH_X32", ""},
	{"SCMP_ARCH_AARCH64", "arm64"}, {"SCMP_ARCH_ARM", "arm"}, {"SCMP_ARCH_RISCV64", "riscv64"},
	{"SCMP_ARCH_S390X", "s390x"}, {"SCMP_ARCH_PPC64LE", "ppc64le"}, {"SCMP_ARCH_PPC64", "ppc64"}, {"SCMP_ARCH_PPC", "ppc"},
	{"SCMP_ARCH_LOONGARCH64", "loong64"},
	{"SCMP_ARCH_MIPS", "mips"}, {"SCMP_ARCH_MIPSEL", "mipsle"}, {"SCMP_ARCH_MIPS64", "mips64"}, {"SCMP_ARCH_MIPSEL64", "mips64le"},
}

// arm are the calls that only the kernel's ARM port has, outside the table
// (arch/arm/include/uapi/asm/unistd.h).
var arm = map[string]int{
	"breakpoint": 0xf0001, "cacheflush": 0xf0002, "usr26": 0xf0003, "usr32": 0xf0004, "set_tls": 0xf0005, "get_tls": 0xf0006,
}

var (
	goLine = regexp.MustCompile(`^\s+SYS_([A-Z0-9_]+)\s+= (\d+)$`)
	cLine  = regexp.MustCompile(`^#define __NR_(\w+) \(__X32_SYSCALL_BIT \+ (\d+)\)$`)
)

func main() {
	numbers := map[string][]string{}
	for i, arch := range arches {
		name, line := filepath.Join(os.Args[1], "unix", "zsysnum_linux_"+arch[1]+".go"), goLine
		if arch[1] == "" {
			name, line = os.Args[2], cLine
		}
		for call, n := range read(name, line) {
			add(numbers, call, i, n)
		}
	}
	young(numbers)
	for call, n := range arm {
		add(numbers, call, slices.Index(arches, [2]string{"SCMP_ARCH_ARM", "arm"}), n)
	}
	fmt.Println("# System calls by architecture; made by gen.go from", filepath.Base(os.Args[1]), "and the kernel's headers.")
	fmt.Print("name")
	for _, arch := range arches {
		fmt.Print(" ", arch[0])
	}
	fmt.Println()
	var names []string
	for name := range numbers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Println(name, strings.Join(numbers[name], " "))
	}
}

// young gives x32 the calls that are newer than the header at hand: since 424
// they have one number on all architectures, and x32 has those of x86_64 but
// for shadow stacks.
func young(numbers map[string][]string) {
	x64 := slices.Index(arches, [2]string{"SCMP_ARCH_X86_64", "amd64"})
	x32 := slices.Index(arches, [2]string{"SCMP_ARCH_X32", ""})
	for call, row := range numbers {
		n, err := strconv.Atoi(row[x64])
		if err == nil && n >= 424 && n < 512 && row[x32] == "-" && call != "map_shadow_stack" {
			row[x32] = row[x64]
		}
	}
}

func add(numbers map[string][]string, call string, column, n int) {
	if numbers[call] == nil {
		numbers[call] = slices.Repeat([]string{"-"}, len(arches))
	}
	numbers[call][column] = strconv.Itoa(n)
}

func read(name string, line *regexp.Regexp) map[string]int {
	f, err := os.Open(name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	calls := map[string]int{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if m := line.FindStringSubmatch(s.Text()); m != nil {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				panic(err)
			}
			calls[strings.ToLower(m[1])] = n
		}
	}
	if len(calls) < 200 {
		panic(fmt.Sprintf("%s: only %d calls", name, len(calls)))
	}
	return calls
}
