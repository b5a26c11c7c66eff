package learn

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// PodPatch is a strategic merge patch for the pod that runs the workload: the
// capabilities that were used and no others, a read-only root file system with
// a volume for each folder that is written to, and the seccomp profile.
// profile is its path below the kubelet's seccomp folder.
func (r *Recording) PodPatch(profile string) ([]byte, error) {
	container := map[string]any{
		"name": r.containerName(),
		"securityContext": yaml.MapSlice{
			{Key: "allowPrivilegeEscalation", Value: false},
			{Key: "capabilities", Value: r.capabilities()},
			{Key: "readOnlyRootFilesystem", Value: r.readOnly()},
			{Key: "seccompProfile", Value: yaml.MapSlice{{Key: "type", Value: "Localhost"}, {Key: "localhostProfile", Value: profile}}},
		},
	}
	spec := yaml.MapSlice{}
	var mounts, volumes []any
	for i, w := range r.Writable() {
		if len(w.Hides) > 0 {
			continue
		}
		name := "learned-" + strconv.Itoa(i+1)
		mounts = append(mounts, yaml.MapSlice{{Key: "name", Value: name}, {Key: "mountPath", Value: w.Dir}})
		volumes = append(volumes, yaml.MapSlice{{Key: "name", Value: name}, {Key: "emptyDir", Value: map[string]any{}}})
	}
	if len(mounts) > 0 {
		container["volumeMounts"] = mounts
		spec = append(spec, yaml.MapItem{Key: "volumes", Value: volumes})
	}
	spec = append(yaml.MapSlice{{Key: "containers", Value: []any{container}}}, spec...)
	body, err := yaml.Marshal(yaml.MapSlice{{Key: "spec", Value: spec}})
	if err != nil {
		return nil, fmt.Errorf("write patch: %w", err)
	}
	var notes strings.Builder
	degree, _ := r.Confidence()
	fmt.Fprintf(&notes, "# What %s needed while it was watched (confidence: %s).\n# kubectl patch deployment NAME --patch '{\"spec\":{\"template\": …}}', or kustomize.\n", oneLine(r.Title()), degree)
	if slices.ContainsFunc(Names(r.Capabilities), func(c string) bool { return c == "CAP_SETUID" || c == "CAP_SETGID" }) {
		notes.WriteString("# It changes its user: if it executes setuid programs to do so, allowPrivilegeEscalation must stay true.\n")
	}
	for _, w := range r.Writable() {
		if len(w.Hides) > 0 {
			fmt.Fprintf(&notes, "# %s is written to (%s) and has files of the image that are read (%s):\n# an empty volume would hide them, so that the root file system stays writable here.\n",
				w.Dir, oneLine(strings.Join(w.Files, ", ")), oneLine(strings.Join(w.Hides, ", ")))
		}
	}
	return append([]byte(notes.String()), body...), nil
}

// oneLine keeps what a workload names from leaving a comment.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 {
			return '?'
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
}

func (r *Recording) readOnly() bool {
	return !slices.ContainsFunc(r.Writable(), func(w Writable) bool { return len(w.Hides) > 0 })
}

func (r *Recording) capabilities() yaml.MapSlice {
	c := yaml.MapSlice{{Key: "drop", Value: []string{"ALL"}}}
	var add []string
	for _, name := range Names(r.Capabilities) {
		add = append(add, strings.TrimPrefix(name, "CAP_"))
	}
	if len(add) > 0 {
		c = append(c, yaml.MapItem{Key: "add", Value: add})
	}
	return c
}

func (r *Recording) containerName() string {
	if r.Workload != nil && r.Workload.Container != "" {
		return r.Workload.Container
	}
	return "app"
}

var notInNames = regexp.MustCompile(`[^a-z0-9-]+`)

// Slug is the workload's name as files and Kubernetes' objects take it.
func (r *Recording) Slug() string {
	name := ""
	if w := r.Workload; w != nil {
		name = cmp.Or(w.Container, w.Name)
	}
	if name == "" && len(r.Command) > 0 {
		name = r.Command[0][strings.LastIndexByte(r.Command[0], '/')+1:]
	}
	name = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
	return cmp.Or(name[:min(len(name), 50)], "workload")
}
