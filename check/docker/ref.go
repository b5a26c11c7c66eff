package docker

import "strings"

// Ref is an image reference, taken apart.
type Ref struct {
	Raw      string
	Registry string // "docker.io" when none is written
	Name     string // without registry and tag; "library/" left out
	Tag      string
	Digest   string
	Known    bool // false: it holds variables that only the build knows
}

func parseRef(s string, known bool) Ref {
	r := Ref{Raw: s, Known: known}
	name, digest, _ := strings.Cut(s, "@")
	r.Digest = digest
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, r.Tag = name[:colon], name[colon+1:]
	}
	r.Registry = "docker.io"
	if first, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		r.Registry, name = first, rest
	}
	if r.Registry == "index.docker.io" || r.Registry == "registry-1.docker.io" {
		r.Registry = "docker.io"
	}
	if r.Registry == "docker.io" {
		name = strings.TrimPrefix(name, "library/")
	}
	r.Name = name
	return r
}

// Full is registry and name: "docker.io/node".
func (r Ref) Full() string { return r.Registry + "/" + r.Name }

func isWindows(name string) bool {
	for _, word := range []string{"windows", "nanoserver", "servercore", "windowsservercore"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return false
}
