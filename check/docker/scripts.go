package docker

import (
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Script is a script that a shell runs at an instruction, for programs that
// look at scripts.
type Script struct {
	Instr *dockerfile.Instr
	Text  dockerfile.Text
	Shell string   // as SHELL, the base image or the here-document says
	Known []string // variables that ARG and ENV set to one plain word
	Loose []string // variables whose value only the build tells, or that a shell would split
}

// Scripts lists the scripts of a file in its order. What is in exec form is
// run by no shell.
func Scripts(f *dockerfile.File) []Script {
	var out []Script
	for step := range newModel(f).All("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK") {
		in := step.Instr
		if step.Name == "HEALTHCHECK" {
			in = step.Trigger
		}
		if step.Script == nil || step.Script.Exec || step.Script.Skipped || in == nil {
			continue
		}
		text, shell := f.Body(in, step.State.Shell)
		if text.Value != "" {
			s := Script{Instr: step.Instr, Text: text, Shell: shell}
			for _, name := range step.State.Vars.names() {
				if v, _ := step.State.Vars.Get(name); v.Known && v.Value != "" && !strings.ContainsAny(v.Value, " \t\n*?[") {
					s.Known = append(s.Known, name)
				} else {
					s.Loose = append(s.Loose, name)
				}
			}
			out = append(out, s)
		}
	}
	return out
}
