// Package learn watches a workload at work and writes down what it needs: a
// seccomp profile, capabilities, writable folders, network flows, files and
// executables. [Record] gives one [Recording] for each container; [Merge]
// joins those of several runs; [Recording.Seccomp], [Recording.PodPatch],
// [Recording.Policy], [Recording.AppArmor] and [Recording.AllowList] say it in the
// words of those who enforce it.
//
// What was not done while it was watched is not in a recording, and a profile
// made of it refuses it: [Recording.Confidence] says how much that is to be
// feared.
package learn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
)

// Schema names the form of recordings.
const Schema = "boltseal-recording/1"

// Recording is what one workload did, in one run or in several.
type Recording struct {
	Schema       string             `json:"schema"`
	Workload     *boltseal.Workload `json:"workload,omitempty"` // nil: a command on the host
	Container    string             `json:"container,omitempty"`
	Command      []string           `json:"command,omitempty"` // that was learned
	Arch         string             `json:"arch"`              // as Go names it
	Runs         []Run              `json:"runs"`
	Confined     bool               `json:"confined"` // a seccomp filter was on, and Calls are what it saw
	Calls        []Count            `json:"calls"`
	Capabilities []Count            `json:"capabilities"`
	Inferred     bool               `json:"inferredCapabilities,omitempty"` // from system calls: the kernel did not say
	Executables  []Executable       `json:"executables"`
	Files        []File             `json:"files"`
	Flows        []Flow             `json:"flows"`
	Gaps         []boltseal.Gap     `json:"gaps,omitempty"`
}

// Run is one time that the workload was watched.
type Run struct {
	Start     time.Time `json:"start"`
	Seconds   float64   `json:"seconds"`
	LastNew   float64   `json:"lastNew"` // seconds after the start at which something was seen for the first time
	Processes int       `json:"processes"`
	Added     int       `json:"added"` // calls, capabilities, executables and flows that no earlier run had
}

// Count is a name and the number of runs in which it was seen.
type Count struct {
	Name string `json:"name"`
	Runs int    `json:"runs"`
}

// Executable is a program that was executed.
type Executable struct {
	Path  string `json:"path"`
	Added bool   `json:"added,omitempty"` // after the container was made: it is not of the image
	Runs  int    `json:"runs"`
}

// File is a file that was opened, made, renamed or removed.
type File struct {
	Path    string `json:"path"`
	Read    bool   `json:"read,omitempty"`
	Write   bool   `json:"write,omitempty"`
	Library bool   `json:"library,omitempty"` // a shared object: it was mapped
	Image   bool   `json:"image,omitempty"`   // it lies in the image's layers
	Volume  bool   `json:"volume,omitempty"`  // it lies on another file system
	Runs    int    `json:"runs"`
}

// Flow is one kind of connection: who, which port, which way.
type Flow struct {
	Inbound  bool   `json:"inbound,omitempty"`
	Protocol string `json:"protocol"`         // TCP or UDP
	Remote   string `json:"remote,omitempty"` // address; empty where it only waited
	Port     uint16 `json:"port"`             // the server's
	Name     string `json:"name,omitempty"`   // that was asked of DNS for this address
	Runs     int    `json:"runs"`
}

func (f Flow) key() string {
	return fmt.Sprintf("%t %s %s %d", f.Inbound, f.Protocol, f.Remote, f.Port)
}

// Encode is the recording's JSON, the same bytes for the same recording.
func (r *Recording) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("write recording: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads what [Recording.Encode] wrote.
func Decode(data []byte) (*Recording, error) {
	var r Recording
	if err := strictjson.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("read recording: it is of schema %q, and not %q", r.Schema, Schema)
	}
	if len(r.Runs) == 0 {
		return nil, errors.New("read recording: it is of no run")
	}
	return &r, nil
}

// Merge joins the recordings of several runs of one workload, in the order of
// their times.
func Merge(list []*Recording) (*Recording, error) {
	if len(list) == 0 {
		return nil, errors.New("merge recordings: there are none")
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *Recording) int { return a.Runs[0].Start.Compare(b.Runs[0].Start) })
	first := list[0]
	out := &Recording{Schema: Schema, Workload: first.Workload, Container: first.Container, Command: first.Command, Arch: first.Arch, Confined: true}
	m := newMerger()
	for _, r := range list {
		if r.Arch != out.Arch {
			return nil, fmt.Errorf("merge recordings: one is of %s and one of %s: profiles are made for each architecture", out.Arch, r.Arch)
		}
		added := m.add(r)
		runs := slices.Clone(r.Runs)
		if len(runs) == 1 {
			runs[0].Added = added
		}
		out.Runs = append(out.Runs, runs...)
		out.Confined = out.Confined && r.Confined
		out.Inferred = out.Inferred || r.Inferred
		for _, gap := range r.Gaps {
			if !slices.Contains(out.Gaps, gap) {
				out.Gaps = append(out.Gaps, gap)
			}
		}
	}
	m.into(out)
	return out, nil
}

// merger counts what recordings have, by their keys.
type merger struct {
	calls, caps map[string]int
	execs       map[string]Executable
	files       map[string]File
	flows       map[string]Flow
}

func newMerger() *merger {
	return &merger{map[string]int{}, map[string]int{}, map[string]Executable{}, map[string]File{}, map[string]Flow{}}
}

// add takes one recording in, and counts what is new with it.
func (m *merger) add(r *Recording) (added int) {
	count := func(known map[string]int, list []Count) {
		for _, c := range list {
			if known[c.Name] == 0 {
				added++
			}
			known[c.Name] += c.Runs
		}
	}
	count(m.calls, r.Calls)
	count(m.caps, r.Capabilities)
	for _, x := range r.Executables {
		known, ok := m.execs[x.Path]
		if !ok {
			added++
		}
		x.Added, x.Runs = x.Added || known.Added, x.Runs+known.Runs
		m.execs[x.Path] = x
	}
	for _, f := range r.Files {
		known := m.files[f.Path]
		f.Read, f.Write, f.Library = f.Read || known.Read, f.Write || known.Write, f.Library || known.Library
		f.Image, f.Volume, f.Runs = f.Image || known.Image, f.Volume || known.Volume, f.Runs+known.Runs
		m.files[f.Path] = f
	}
	for _, f := range r.Flows {
		known, ok := m.flows[f.key()]
		if !ok {
			added++
		}
		f.Name, f.Runs = cmp.Or(f.Name, known.Name), f.Runs+known.Runs
		m.flows[f.key()] = f
	}
	return added
}

func (m *merger) into(r *Recording) {
	counts := func(known map[string]int) []Count {
		out := []Count{}
		for name, n := range known {
			out = append(out, Count{name, n})
		}
		slices.SortFunc(out, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
		return out
	}
	r.Calls, r.Capabilities = counts(m.calls), counts(m.caps)
	r.Executables, r.Files, r.Flows = []Executable{}, []File{}, []Flow{}
	for _, x := range m.execs {
		r.Executables = append(r.Executables, x)
	}
	for _, f := range m.files {
		r.Files = append(r.Files, f)
	}
	for _, f := range m.flows {
		r.Flows = append(r.Flows, f)
	}
	slices.SortFunc(r.Executables, func(a, b Executable) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Flows, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(a.key(), b.key()))
	})
}

// Names are the names of counts.
func Names(list []Count) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Name
	}
	return out
}

// Title is what a person calls the workload.
func (r *Recording) Title() string {
	w := r.Workload
	switch {
	case w == nil && len(r.Command) > 0:
		return strings.Join(r.Command, " ")
	case w == nil:
		return "a command"
	case w.Name != "":
		return w.Namespace + "/" + w.Name + "/" + w.Container
	case w.Container != "":
		return w.Container
	}
	return r.Container
}

const hostArch = runtime.GOARCH
