package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/undefined-variable", Title: "a variable is used that nothing sets", Severity: boltseal.Low,
		Aliases: []string{"buildkit:UndefinedVar"},
		Doc: `A name that no ARG or ENV declares expands to nothing, without a word: paths lose a part, and tokens are empty. An ARG before FROM counts
for FROM alone and must be declared again in the stage.`,
	},
	Run: func(p *Pass) {
		for step := range p.All() {
			switch step.Name {
			case "ADD", "COPY", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR":
				if len(step.Heredocs) == 0 && !strings.ContainsRune(step.Args.Value, '\'') {
					p.undefined(step, step.Span, bareUses(step.Args.Value, p.File.Escape))
				}
			case "RUN":
				p.undefinedInShell(step)
			}
		}
	},
})

// undefined reports the names that nothing sets. What a base image that
// nobody knows may set is left alone, unless the name is a mistyped one.
func (p *Pass) undefined(step *Step, at boltseal.Span, names []string) {
	for _, name := range names {
		if _, ok := step.State.Vars.Get(name); ok || fromElsewhere(name) {
			continue
		}
		_, global := p.Global.Get(name)
		like := similar(name, step.State.Vars.names())
		switch {
		case global:
			p.Report(at, name+" is declared before FROM only; say ARG "+name+" in this stage too",
				p.Insert("declare it in this stage", false, step.Span.Start, "ARG "+name+p.newline()))
		case like != "":
			p.Report(at, "nothing sets "+name+"; did you mean "+like+"?")
		case step.In.BaseImage().Found && !baseSets(name):
			p.Report(at, "nothing sets "+name)
		}
	}
}

// undefinedInShell looks at the variables of a RUN that the script does not
// set itself.
func (p *Pass) undefinedInShell(step *Step) {
	text := step.Args.Value
	if len(step.Heredocs) > 0 || step.Script.Exec || step.Script.Error != nil || strings.Contains(text, "set -a") || strings.Contains(text, "eval ") || strings.Contains(text, "os-release") {
		return
	}
	var names []string
	seen := map[string]bool{}
	set := setInShell(text)
	for i := range step.Script.Commands {
		c := &step.Script.Commands[i]
		if c.Name == "." || c.Name == "source" || c.Name == "read" || c.Name == "getopts" || c.Name == "sh" || c.Name == "bash" {
			return
		}
		for j, w := range c.Args {
			if c.Const[j] || strings.ContainsAny(w.Text, "'`") || strings.Contains(w.Text, "$(") {
				continue
			}
			for _, name := range bareUses(w.Text, '\\') {
				if name == strings.ToUpper(name) && len(name) > 2 && !seen[name] && !set[name] {
					names = append(names, name)
					seen[name] = true
				}
			}
		}
	}
	for _, f := range step.Flags {
		if env := mountOption(f.Value.Text, "env"); env != "" {
			names = slices.DeleteFunc(names, func(n string) bool { return n == env })
		}
	}
	p.undefined(step, step.Span, names)
}

// setInShell are the names that a script gives a value anywhere: NAME=,
// NAME:=, for NAME and export NAME.
func setInShell(text string) map[string]bool {
	out := map[string]bool{}
	for i := 0; i < len(text); i++ {
		if !isNameByte(text[i], true) {
			continue
		}
		start := i
		for i < len(text) && isNameByte(text[i], false) {
			i++
		}
		rest, before := text[i:], text[:start]
		if strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "+=") || strings.HasPrefix(rest, ":=") || strings.HasSuffix(before, "for ") || strings.HasSuffix(before, "export ") {
			out[text[start:i]] = true
		}
	}
	return out
}

// fromElsewhere are names that the builder or the shell sets.
func fromElsewhere(name string) bool {
	switch name {
	case "PATH", "HOME", "HOSTNAME", "USER", "PWD", "OLDPWD", "SHELL", "TERM", "LANG", "LC_ALL", "IFS", "UID", "EUID", "RANDOM", "LINENO", "SECONDS", "PS1", "OPTARG", "OPTIND", "REPLY", "PPID", "BASH_SOURCE", "MACHTYPE", "HOSTTYPE", "OSTYPE", "PIPESTATUS",
		"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "SOURCE_DATE_EPOCH", "BUILDKIT_SANDBOX_HOSTNAME":
		return true
	}
	return false
}

// baseSets tells by the name whether official images are likely to set it.
func baseSets(name string) bool {
	for _, suffix := range []string{"_HOME", "_VERSION", "_PATH", "PATH", "_URL", "_SHA256", "_DIR", "_ROOT", "_CONFDIR", "_DEPS", "_ENVVARS", "_EXTRA_CONFIGURE_ARGS", "_MAJOR"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	for _, prefix := range []string{"PHP", "PYTHON", "GO", "NODE", "YARN", "RUBY", "GEM", "BUNDLE", "JAVA", "CATALINA", "TOMCAT", "PG", "NGINX", "NJS", "CARGO", "RUST", "APACHE", "HTTPD", "MYSQL", "REDIS"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
