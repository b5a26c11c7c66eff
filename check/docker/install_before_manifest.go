package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/install-before-manifest", Title: "dependencies are installed before their list is in the image", Severity: boltseal.High,
		Doc: `npm ci, pip install -r and their like read a file that says what to install. Before any COPY there is none, so the build ends with "could
not read package.json", or installs nothing. Copy the list and the lock file first, then install, then copy the rest.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			if !step.In.BaseImage().Found || bringsFiles(step) {
				continue
			}
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if fetches(c) {
					break
				}
				if list := manifestOf(c); list != "" && !strings.HasPrefix(list, "/") {
					p.Report(c.Span, "there is no "+list+" in the image yet")
					break
				}
			}
		}
	},
})

// manifestOf is the file that a command reads to know what to install, empty
// for any other command.
func manifestOf(c *dockerfile.Command) string {
	sub, rest := c.Sub()
	if n, ok := asNodeCall(c); ok {
		if len(n.Args) > 0 || c.Has("--prefix", "-C", "--cwd") {
			return ""
		}
		return "package.json"
	}
	if at, ok := pipInstall(c); ok {
		for i, w := range c.Args {
			if w.Span.Start > at.Span.Start && (w.Text == "-r" || w.Text == "--requirement") && i+1 < len(c.Args) && !isRemote(c.Args[i+1].Text) && c.Const[i+1] {
				return c.Args[i+1].Text
			}
		}
		return ""
	}
	switch {
	case (c.Name == "bundle" || c.Name == "bundler") && sub.Text == "install":
		return "Gemfile"
	case c.Name == "composer" && sub.Text == "install":
		return "composer.json"
	case c.Name == "poetry" && sub.Text == "install":
		return "pyproject.toml"
	case c.Name == "uv" && sub.Text == "sync":
		return "pyproject.toml"
	case c.Name == "go" && sub.Text == "mod" && len(rest) > 0 && rest[0].Text == "download" && len(rest) == 1:
		return "go.mod"
	case c.Name == "cargo" && (sub.Text == "fetch" || sub.Text == "build"):
		return "Cargo.toml"
	case c.Name == "dotnet" && sub.Text == "restore" && len(rest) == 0:
		return "project"
	}
	return ""
}

// fetches tells whether a command may bring files of its own.
func fetches(c *dockerfile.Command) bool {
	switch c.Name {
	case "git":
		return c.Has("clone", "init", "pull", "fetch")
	case "cargo":
		return c.Has("new", "init")
	case "curl", "wget", "tar", "unzip", "cd", "cp", "mv", "svn", "hg", "django-admin":
		return !c.Nested
	case "npm", "yarn", "pnpm", "npx", "bundle", "composer", "poetry", "uv", "go", "dotnet":
		return c.Has("init", "create", "new")
	}
	return len(c.Writes) > 0
}

// bringsFiles tells whether anything up to a step may have put the
// application's files into the stage.
func bringsFiles(at *Step) bool {
	if at.State.past.brought {
		return true
	}
	for _, f := range at.Flags {
		if f.Name == "mount" && (mountOption(f.Value.Text, "type") == "bind" || mountOption(f.Value.Text, "type") == "") {
			return true
		}
	}
	return len(at.Heredocs) > 1
}
