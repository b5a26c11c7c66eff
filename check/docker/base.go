package docker

import (
	_ "embed"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed bases.txt
var baseData string

// Base is what is known of a base image.
type Base struct {
	Libc       string
	Glibc      string // its version, where it is known
	Shell      string // empty: not known, "none": there is none
	PM         string
	Users      map[string]string // name to uid
	Groups     map[string]string // name to gid
	Bins       []string
	Packages   []string // those that a rule about removing must know; empty when not known
	Workdir    string
	Release    string // of Debian or Ubuntu, where the tag does not say
	Entrypoint string
	User       string
	EOL        time.Time
	Gone       string
	Found      bool // the data speaks of this image
}

// Has tells whether the image is known to have a program.
func (b Base) Has(bin string) bool {
	return slices.Contains(b.Bins, bin)
}

type baseLine struct {
	name, tag string
	prefix    string // of the name, before its first "*"
	facts     []string
}

var baseLines = sync.OnceValue(func() []baseLine {
	var lines []baseLine
	for line := range strings.Lines(baseData) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] == "#" {
			continue
		}
		// A value may hold spaces: what has no "=" belongs to the last fact.
		var facts []string
		for _, field := range fields[2:] {
			if !strings.Contains(field, "=") && len(facts) > 0 {
				facts[len(facts)-1] += " " + field
				continue
			}
			facts = append(facts, field)
		}
		prefix, _, _ := strings.Cut(fields[0], "*")
		lines = append(lines, baseLine{fields[0], fields[1], prefix, facts})
	}
	return lines
})

// baseOf looks an image up.
func baseOf(r Ref) Base {
	var b Base
	if !r.Known || r.Name == "" {
		return b
	}
	full := r.Full()
	if r.Name == "scratch" && r.Registry == "docker.io" {
		full = "docker.io/scratch"
	}
	for _, line := range baseLines() {
		if !strings.HasPrefix(full, line.prefix) || !wildcard(line.name, full) || !wildcard(line.tag, r.Tag) {
			continue
		}
		b.Found = true
		for _, fact := range line.facts {
			key, value, _ := strings.Cut(fact, "=")
			b.set(key, value)
		}
	}
	if b.Found && b.Libc == "glibc" {
		b.Glibc = glibc(r, b.Release)
	}
	return b
}

// releases are the versions of glibc in releases of Debian and Ubuntu, as
// their archives have them.
var releases = map[string]string{
	"buster": "2.28", "bullseye": "2.31", "bookworm": "2.36", "trixie": "2.41",
	"bionic": "2.27", "focal": "2.31", "jammy": "2.35", "noble": "2.39",
	"debian10": "2.28", "debian11": "2.31", "debian12": "2.36", "debian13": "2.41",
}

// glibc is the version of glibc in an image: its tag or name says on which
// release it stands, and else the data may.
func glibc(r Ref, release string) string {
	for _, text := range []string{r.Tag, r.Name} {
		for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == '-' || c == '_' || c == '/' }) {
			if version := releases[word]; version != "" {
				return version
			}
		}
	}
	return releases[release]
}

func (b *Base) set(key, value string) {
	switch key {
	case "libc":
		b.Libc = value
	case "shell":
		b.Shell = value
	case "pm":
		b.PM = value
	case "users":
		b.Users = ids(value)
	case "groups":
		b.Groups = ids(value)
	case "bins":
		b.Bins = strings.Split(value, ",")
	case "pkgs":
		b.Packages = strings.Split(value, ",")
	case "release":
		b.Release = value
	case "workdir":
		b.Workdir = value
	case "entrypoint":
		b.Entrypoint = value
	case "user":
		if b.User = value; value == "root" {
			b.User = ""
		}
	case "eol":
		b.EOL, _ = time.Parse(time.DateOnly, value)
	case "gone":
		b.Gone = value
	}
}

func ids(value string) map[string]string {
	out := map[string]string{}
	for pair := range strings.SplitSeq(value, ",") {
		name, id, _ := strings.Cut(pair, ":")
		out[name] = id
	}
	return out
}

// wildcard matches "*" with any run of bytes, slashes included.
func wildcard(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	if rest == "" {
		return true
	}
	for i := range len(s) + 1 {
		if wildcard(rest, s[i:]) {
			return true
		}
	}
	return false
}

// BaseImage is what is known of the image at the bottom of a stage.
func (s *Stage) BaseImage() Base {
	return s.Root.known
}

// baseShell is the shell of the shell form at the start of a stage. An image
// that nobody knows has most likely a plain sh.
func baseShell(s *Stage) string {
	if s.Windows {
		return "cmd"
	}
	switch shell := s.known.Shell; shell {
	case "":
		return "sh"
	case "none":
		return ""
	case "busybox":
		return "ash"
	default:
		return path.Base(shell)
	}
}
