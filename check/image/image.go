// Package image finds what is wrong with an image that is built: its
// configuration, its history, and the files of its layers. Each rule is one
// file that adds one [Rule]; [Run] walks the files once for all of them.
//
// What a Dockerfile would have to say differently is check/docker's; what is
// known to be wrong with the software inside is check/vuln's; credentials in
// the content of files are check/secret's. This package looks at names, modes
// and sizes, and at the content of the few files that [Select] names.
package image

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/source/layer"
)

// Version names the state of the rules, for keys of caches. Raise it when the
// same image comes to give other findings.
const Version = "1"

// Rule is one check of images. File is asked about every entry of the file
// tree, links not followed; Run is called once, after that.
type Rule struct {
	boltseal.Check

	// Moving says that what the rule finds depends on more than the image's
	// content: on its name or on the day. It looks at no file.
	Moving bool

	File func(p *Pass, path string, info fs.FileInfo)
	Run  func(p *Pass)
}

// Image is what is looked at.
type Image struct {
	Artifact *boltseal.Artifact
	Config   []byte       // the configuration as stored
	Files    Files        // nil: only the configuration is looked at
	Lost     []layer.Lost // of the layers' reader
}

// Files is the image's file tree; [layer.FS] is one.
type Files interface {
	fs.FS
	Files() iter.Seq2[string, fs.FileInfo]
	LayerOf(name string) (int, bool)
}

// Options are the optional parameters of [Run].
type Options struct {
	Now time.Time // the day on which age is judged; zero leaves it alone
}

// Entry is what the rule looks for.
func (r Rule) Entry() boltseal.Check { return r.Check }

var all ruleset.Registry[Rule]

func add(r Rule) bool { return all.Add(r) }

// Rules lists every rule by id.
func Rules() []Rule { return all.Rules() }

// Checks lists what the package looks for.
func Checks() []boltseal.Check { return all.Checks() }

// Select names the files whose content rules read.
func Select(path string) bool {
	switch path {
	case "etc/passwd", "etc/shadow", "etc/group", "etc/sudoers", "etc/ssh/sshd_config":
		return true
	}
	return strings.HasPrefix(path, "etc/sudoers.d/") && !strings.Contains(path[len("etc/sudoers.d/"):], "/")
}

// Pass is one rule at work on one image.
type Pass struct {
	*Image
	Options Options
	Config  *Config
	rule    *Rule
	noted   []string // paths, see Note
	bytes   int64
	users   *accounts
	out     *[]boltseal.Finding
}

// Config is what rules read of an image's configuration (OCI image
// specification, "Image Configuration").
type Config struct {
	Created string `json:"created"`
	Config  struct {
		User         string              `json:"User"`
		ExposedPorts map[string]struct{} `json:"ExposedPorts"`
		Env          []string            `json:"Env"`
		Entrypoint   []string            `json:"Entrypoint"`
		Cmd          []string            `json:"Cmd"`
		Volumes      map[string]struct{} `json:"Volumes"`
		WorkingDir   string              `json:"WorkingDir"`
		Labels       map[string]string   `json:"Labels"`
		Healthcheck  *struct {
			Test []string `json:"Test"`
		} `json:"Healthcheck"`
	} `json:"config"`
	History []struct {
		Created   string `json:"created"`
		CreatedBy string `json:"created_by"`
		Empty     bool   `json:"empty_layer"`
	} `json:"history"`
}

// Run applies the rules to an image and returns what they find, without
// subject and key. A configuration that cannot be read is a gap.
func Run(img *Image, rules []Rule, opts *Options) ([]boltseal.Finding, []boltseal.Gap) {
	var o Options
	if opts != nil {
		o = *opts
	}
	var out []boltseal.Finding
	var gaps []boltseal.Gap
	config := &Config{}
	if err := json.Unmarshal(img.Config, config); err != nil && len(img.Config) > 0 {
		gaps = append(gaps, boltseal.Gap{Kind: "unreadable-file", What: "the image's configuration", Why: err.Error()})
	}
	passes := make([]*Pass, len(rules))
	var walking []*Pass
	for i := range rules {
		passes[i] = &Pass{Image: img, Options: o, Config: config, rule: &rules[i], out: &out}
		if rules[i].File != nil {
			walking = append(walking, passes[i])
		}
	}
	if img.Files != nil {
		users := readAccounts(img.Files)
		for _, p := range passes {
			p.users = users
		}
		for path, info := range img.Files.Files() {
			for _, p := range walking {
				p.rule.File(p, path, info)
			}
		}
	}
	for _, p := range passes {
		if p.rule.Run != nil {
			p.rule.Run(p)
		}
	}
	slices.SortStableFunc(out, boltseal.Finding.Compare)
	return out, gaps
}

// Report adds a finding about the whole image. What is said of two of them
// from one rule must differ in what.
func (p *Pass) Report(message, what string) {
	f := boltseal.Finding{Check: p.rule.ID, Title: p.rule.Title, Message: message, Severity: p.rule.Severity}
	if what != "" {
		f.Evidence = []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: what}}
	}
	*p.out = append(*p.out, f)
}

// ReportFile adds a finding about one file.
func (p *Pass) ReportFile(message, path string) {
	f := boltseal.Finding{
		Check: p.rule.ID, Title: p.rule.Title, Message: message, Severity: p.rule.Severity, Location: p.at(path),
	}
	if f.Location.Layer != "" {
		for _, l := range p.Artifact.Layers {
			if l.DiffID == f.Location.Layer {
				f.CreatedBy = l.CreatedBy
			}
		}
	}
	*p.out = append(*p.out, f)
}

func (p *Pass) at(path string) boltseal.Location {
	l := boltseal.Location{File: path}
	if i, ok := p.Files.LayerOf(path); ok && i < len(p.Artifact.Layers) {
		l.Layer = p.Artifact.Layers[i].DiffID
	}
	return l
}

// named is how many paths a finding lists.
const named = 20

// Note collects a path for [Pass.ReportNoted].
func (p *Pass) Note(path string, size int64) {
	p.noted = append(p.noted, path)
	p.bytes += size
}

// ReportNoted makes one finding of all paths that were noted, if any: a
// hundred of a kind are one decision, not a hundred. The message begins with
// their number.
func (p *Pass) ReportNoted(one, many string) {
	if len(p.noted) == 0 {
		return
	}
	message := fmt.Sprintf("%d %s: ", len(p.noted), many)
	if len(p.noted) == 1 {
		message = "1 " + one + ": "
	}
	const shown = 4
	message += strings.Join(p.noted[:min(len(p.noted), shown)], ", ")
	if more := len(p.noted) - shown; more > 0 {
		message += fmt.Sprintf(" and %d more", more)
	}
	f := boltseal.Finding{Check: p.rule.ID, Title: p.rule.Title, Message: message, Severity: p.rule.Severity}
	for _, path := range p.noted[:min(len(p.noted), named)] {
		f.Locations = append(f.Locations, p.at(path))
	}
	*p.out = append(*p.out, f)
}

// size writes bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// command is a history line without what builders wrap around it.
func command(line string) string {
	if _, after, ok := strings.Cut(line, "#(nop)"); ok {
		return strings.TrimSpace(after)
	}
	line = strings.TrimSuffix(strings.TrimSpace(line), " # buildkit")
	if i := strings.Index(line, "/bin/sh -c "); i >= 0 {
		return "RUN " + line[i+len("/bin/sh -c "):]
	}
	return line
}
