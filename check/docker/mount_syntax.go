package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/mount-syntax", Title: "RUN --mount has an option that its type does not take", Severity: boltseal.High,
		Doc: `The builder ends with "unexpected key" at an option that a mount's type does not know, and a mount without what it needs mounts nothing:
the step then runs without the secret or the cache. The message names the options that there are.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for _, f := range step.Flags {
				if f.Name == "mount" && !strings.ContainsRune(f.Value.Text, '$') {
					if wrong := wrongMount(f.Value.Text); wrong != "" {
						p.Report(f.Span, wrong)
					}
				}
			}
		}
	},
})

// mountOptions are the options of each type of mount, as BuildKit reads them.
var mountOptions = map[string][]string{
	"bind":   {"target", "dst", "destination", "source", "src", "from", "rw", "readwrite", "ro", "readonly"},
	"cache":  {"target", "dst", "destination", "source", "src", "from", "id", "sharing", "mode", "uid", "gid", "ro", "readonly", "rw", "readwrite"},
	"tmpfs":  {"target", "dst", "destination", "size"},
	"secret": {"target", "dst", "destination", "id", "source", "src", "required", "mode", "uid", "gid", "env"},
	"ssh":    {"target", "dst", "destination", "id", "required", "mode", "uid", "gid"},
}

// wrongMount says what is wrong with the value of --mount; empty when nothing.
func wrongMount(value string) string {
	kind := strings.ToLower(mountOption(value, "type"))
	if kind == "" {
		kind = "bind"
	}
	known, ok := mountOptions[kind]
	if !ok {
		return "there is no mount of type " + kind
	}
	target := false
	for field := range strings.SplitSeq(value, ",") {
		key, set, _ := strings.Cut(field, "=")
		key = strings.ToLower(key)
		target = target || (key == "target" || key == "dst" || key == "destination") && set != ""
		if key != "type" && !slices.Contains(known, key) {
			return "a mount of type " + kind + " does not take " + key + "; it takes " + strings.Join(known, ", ")
		}
	}
	if !target && (kind == "cache" || kind == "tmpfs" || kind == "bind") {
		return "a mount of type " + kind + " needs a target"
	}
	return ""
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-flag-syntax", Title: "a comment shows a --secret that the builder refuses", Severity: boltseal.Low,
		Doc: `docker build --secret takes id, src (or source), env and type, as in --secret id=token,src=token.txt. Anything else ends with "unexpected
key", so whoever copies the line from the comment cannot build, and may turn to a build argument, which stays in the image.`,
	},
	Run: func(p *Pass) {
		building := false
		for _, n := range p.File.Nodes {
			if n.Kind != dockerfile.CommentLine {
				building = false
				continue
			}
			text := p.File.Text(n.Span)
			building = building || strings.Contains(text, "docker build") || strings.Contains(text, "buildx build") || strings.Contains(text, "podman build") || strings.Contains(text, "buildah ")
			if !building {
				continue
			}
			words := strings.Fields(strings.TrimLeft(text, "# \t"))
			for i, w := range words {
				value, ok := strings.CutPrefix(w, "--secret=")
				if w == "--secret" && i+1 < len(words) {
					value, ok = words[i+1], true
				}
				if wrong := wrongSecret(strings.Trim(value, `"'`)); ok && wrong != "" {
					at := n.Span.Start + max(strings.Index(text, "--secret"), 0)
					p.Report(boltseal.Span{Start: at, End: at + len("--secret")}, "--secret does not take "+wrong+"; write --secret id=NAME,src=FILE")
				}
			}
			building = building && strings.HasSuffix(strings.TrimRight(text, " \t\r\n"), `\`) // the command goes on
		}
	},
})

// wrongSecret is the first key of a --secret that the builder does not know.
func wrongSecret(value string) string {
	for field := range strings.SplitSeq(value, ",") {
		key, _, set := strings.Cut(field, "=")
		if !set || !slices.Contains([]string{"type", "id", "source", "src", "env"}, strings.ToLower(key)) {
			return key
		}
	}
	return ""
}
