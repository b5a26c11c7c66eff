package docker

import (
	"iter"
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// nodeCall is a command that installs what package.json lists.
type nodeCall struct {
	*dockerfile.Command
	Tool string // npm, yarn or pnpm
	Sub  string // "install" or "ci"
	At   dockerfile.Word
	Prod bool              // without what is for development only
	Args []dockerfile.Word // the components to install, if any is named
	Dir  string            // absolute folder it works in, empty when not known
}

// nodeInstalls gives the commands of a step that install Node modules.
func nodeInstalls(step *Step) iter.Seq[nodeCall] {
	return func(yield func(nodeCall) bool) {
		if step.Script == nil || step.Name != "RUN" {
			return
		}
		dir := step.State.Workdir
		for i := range step.Script.Commands {
			c := &step.Script.Commands[i]
			if c.Name == "cd" && len(c.Args) == 2 {
				dir = chdir(dir, c.Args[1].Text)
			}
			n, ok := asNodeCall(c)
			if !ok {
				continue
			}
			n.Dir, n.Prod = dir, n.Prod || production(step, c)
			if !yield(n) {
				return
			}
		}
	}
}

func chdir(dir, to string) string {
	switch {
	case strings.HasPrefix(to, "$"), strings.HasPrefix(to, "~"), strings.HasPrefix(to, "-"):
		return ""
	case path.IsAbs(to):
		return path.Clean(to)
	case dir == "":
		return ""
	}
	return path.Join(dir, to)
}

func asNodeCall(c *dockerfile.Command) (nodeCall, bool) {
	n := nodeCall{Command: c, Tool: c.Name}
	for i := 1; i < len(c.Args); i++ {
		w := c.Args[i]
		switch {
		case strings.HasPrefix(w.Text, "-"):
			n.Prod = n.Prod || prodFlag(c.Args[i:])
			if (w.Text == "--prefix" || w.Text == "--omit" || w.Text == "--only" || w.Text == "--registry" || w.Text == "--cache" || w.Text == "--loglevel" || w.Text == "-C" || w.Text == "--cwd" || w.Text == "--network-timeout") && i+1 < len(c.Args) {
				i++
			}
			if w.Text == "-g" || w.Text == "--global" || w.Text == "--location=global" {
				return n, false
			}
		case n.At.Text == "":
			n.At = w
		default:
			n.Args = append(n.Args, w)
		}
	}
	switch c.Name {
	case "npm":
		switch n.At.Text {
		case "install", "i", "isntall", "add":
			n.Sub = "install"
		case "ci", "clean-install", "install-clean":
			n.Sub = "ci"
		}
	case "yarn":
		if n.At.Text == "" && (len(c.Args) == 1 || !c.Has("--version", "-v", "--help")) || n.At.Text == "install" {
			n.Sub = "install"
		}
	case "pnpm":
		if n.At.Text == "install" || n.At.Text == "i" {
			n.Sub = "install"
		}
	}
	return n, n.Sub != ""
}

// prodFlag tells whether the first of the words leaves development
// components out.
func prodFlag(words []dockerfile.Word) bool {
	next := ""
	if len(words) > 1 {
		next = words[1].Text
	}
	switch w := words[0].Text; w {
	case "--production", "--prod", "-P", "--production=true", "--omit=dev", "--only=prod", "--only=production", "--dev=false":
		return true
	case "--omit":
		return next == "dev"
	case "--only":
		return next == "prod" || next == "production"
	}
	return false
}

// production tells whether NODE_ENV or npm's own setting says so.
func production(step *Step, c *dockerfile.Command) bool {
	for _, a := range c.Assign {
		if a.Key.Text == "NODE_ENV" {
			return strings.Trim(a.Value.Text, `"'`) == "production"
		}
	}
	if c.Has("--include=dev", "--production=false", "--prod=false", "--also=dev") {
		return false
	}
	v, ok := step.State.Vars.Get("NODE_ENV")
	if ok && (!v.Known || v.Value == "production") {
		return true
	}
	omit, _ := step.State.Vars.Get("NPM_CONFIG_OMIT")
	setting, _ := step.State.Vars.Get("NPM_CONFIG_PRODUCTION")
	return omit.Value == "dev" || setting.Value == "true"
}

// prunes tells whether a step takes development components away again.
func prunes(step *Step) bool {
	if step.Name != "RUN" {
		return false
	}
	for i := range step.Script.Commands {
		c := &step.Script.Commands[i]
		if (c.Name == "npm" || c.Name == "pnpm" || c.Name == "yarn") && c.Has("prune", "focus") {
			return true
		}
		if c.Name == "pnpm" && c.Has("deploy") || c.Name == "node-prune" {
			return true
		}
		if c.Name == "rm" && strings.Contains(joined(c), "node_modules") {
			return true
		}
	}
	for n := range nodeInstalls(step) {
		if n.Prod && len(n.Args) == 0 {
			return true
		}
	}
	return false
}

// joined is a command's words with spaces between.
func joined(c *dockerfile.Command) string {
	words := make([]string, len(c.Args))
	for i, w := range c.Args {
		words[i] = w.Text
	}
	return strings.Join(words, " ")
}

// nodeMajor is the version of Node that a base image's tag speaks of, 0 when
// it does not.
func nodeMajor(r Ref) int {
	if r.Name != "node" && !strings.HasSuffix(r.Name, "/node") {
		return 0
	}
	end := 0
	for end < len(r.Tag) && r.Tag[end] >= '0' && r.Tag[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(r.Tag[:end])
	if err != nil {
		return 0
	}
	return n
}
