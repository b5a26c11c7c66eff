package learn

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// together is how many files of one folder stand for the folder.
const together = 12

// AppArmor is a profile in AppArmor's language that allows what was done:
// apparmor_parser -r FILE loads it, and a pod names it in
// securityContext.appArmorProfile.
func (r *Recording) AppArmor() []byte {
	var b strings.Builder
	degree, _ := r.Confidence()
	fmt.Fprintf(&b, "# What %s did while it was watched (confidence: %s).\n#include <tunables/global>\n\n", oneLine(r.Title()), degree)
	fmt.Fprintf(&b, "profile boltseal-%s flags=(attach_disconnected,mediate_deleted) {\n  #include <abstractions/base>\n\n", r.Slug())
	for _, name := range Names(r.Capabilities) {
		fmt.Fprintf(&b, "  capability %s,\n", strings.ToLower(strings.TrimPrefix(name, "CAP_")))
	}
	var network []string
	for _, f := range r.Flows {
		family := "inet"
		if strings.Contains(f.Remote, ":") {
			family = "inet6"
		}
		kind := "stream"
		if f.Protocol == "UDP" {
			kind = "dgram"
		}
		network = append(network, "  network "+family+" "+kind+",\n")
		if f.Remote == "" { // what listens may do so on both families
			network = append(network, "  network inet6 "+kind+",\n")
		}
	}
	for _, line := range unique(network) {
		b.WriteString(line)
	}
	b.WriteString("  network unix,\n  signal (receive) peer=unconfined,\n  signal (send, receive) peer=@{profile_name},\n\n")
	for _, line := range unique(r.fileRules()) {
		b.WriteString(line)
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// fileRules are the rules for files and executables.
func (r *Recording) fileRules() []string {
	var lines []string
	for _, x := range r.Executables {
		lines = append(lines, "  "+pattern(x.Path)+" mrix,\n")
	}
	dirs := map[string]int{}
	for _, f := range r.Files {
		dirs[path.Dir(f.Path)]++
	}
	for _, f := range r.Files {
		mode := ""
		if f.Library {
			mode += "m"
		}
		if f.Read {
			mode += "r"
		}
		if f.Write {
			mode += "w"
			if !f.Read {
				mode = "r" + mode
			}
		}
		if f.Write {
			mode += "kl"
		}
		name := pattern(f.Path)
		if dir := path.Dir(f.Path); dirs[dir] > together && dir != "/" || f.Write && isTemporary(f.Path) {
			name = quoteIf(strings.Trim(pattern(dir), `"`) + "/*")
		}
		lines = append(lines, "  "+name+" "+canonical(mode)+",\n")
	}
	return lines
}

// canonical orders the letters of a mode and drops what stands twice.
func canonical(mode string) string {
	var out strings.Builder
	for _, letter := range "mrwkl" {
		if strings.ContainsRune(mode, letter) {
			out.WriteRune(letter)
		}
	}
	return out.String()
}

func isTemporary(name string) bool {
	return below(name, "/tmp") || below(name, "/var/tmp") || below(name, "/run") || below(name, "/dev/shm")
}

var processDir = regexp.MustCompile(`^/proc/\d+`)

// pattern is a path as AppArmor's patterns have it: what they take for a
// wildcard is escaped, and numbers of processes are any number.
func pattern(name string) string {
	name = oneLine(name)
	name = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `^`, `\^`, `"`, `\"`, `@`, `\@`, `,`, `\,`).Replace(name)
	if processDir.MatchString(name) {
		name = processDir.ReplaceAllString(name, "@{PROC}/[0-9]*")
	}
	return quoteIf(name)
}

func quoteIf(name string) string {
	if strings.ContainsAny(name, " #") {
		return `"` + name + `"`
	}
	return name
}

// Added are the executables that are not of the image.
func (r *Recording) Added() []string {
	var out []string
	for _, x := range r.Executables {
		if x.Added {
			out = append(out, x.Path)
		}
	}
	slices.Sort(out)
	return out
}
