package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/build-tools-shipped", Title: "tools for building or debugging stay in the image", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3", "NIST-800-190/4.1.2"},
		Doc: `Compilers, package managers of languages, editors and network tools are what an intruder would otherwise have to bring along, and each is
one more thing with vulnerabilities to mend. Install them in a stage that is thrown away, or remove them in the RUN that installed them.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("RUN") {
			if step.In.Windows {
				continue
			}
			for _, c := range step.Packages {
				if c.Verb != "install" || removedHere(step, c) {
					continue
				}
				var found []string
				for _, w := range c.Names {
					if name := bareName(w.Text); slices.Contains(tools, name) && !removed(step, name) {
						found = append(found, name)
					}
				}
				if len(found) > 0 {
					p.Report(c.Span, strings.Join(found, ", ")+" stay in the image; leave them in a stage that is thrown away")
				}
			}
		}
	},
})

// tools are packages that running an application seldom needs.
var tools = []string{
	"gcc", "g++", "clang", "make", "cmake", "build-essential", "build-base", "gcc-c++", "autoconf", "automake", "musl-dev", "libc6-dev", "libc-dev", "linux-headers", "pkg-config", "pkgconf",
	"npm", "yarn", "maven", "gradle", "cargo", "rustc", "golang", "golang-go", "go", "default-jdk", "python3-dev", "python3-pip", "python-dev", "py3-pip",
	"vim", "nano", "emacs", "telnet", "netcat", "netcat-openbsd", "netcat-traditional", "nmap", "nmap-ncat", "tcpdump", "strace", "gdb", "openssh-server", "ssh", "sudo", "man-db",
}

// removedHere tells whether the RUN takes what one of its calls brought away
// again, under the name of a virtual package or as what nothing needs.
func removedHere(step *Step, c Call) bool {
	for _, other := range step.Packages {
		if other.Verb == "remove" && c.virtual() != "" && other.names(c.virtual()) || other.Verb == "remove" && !other.Whole {
			return true
		}
	}
	return false
}

func removed(step *Step, name string) bool {
	return slices.ContainsFunc(step.Packages, func(c Call) bool { return c.Verb == "remove" && c.names(name) })
}
