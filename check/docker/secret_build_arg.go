package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-build-arg", Title: "a credential is passed as a build argument", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"hadolint:DL3064", "buildkit:SecretsUsedInArgOrEnv", "trivy:DS-0031", "semgrep:secret-in-build-arg", "dockle:CIS-DI-0010"},
		Doc: `The values of build arguments are recorded in the image's history and in the provenance of the build, and ENV keeps them in the
configuration. Mount the secret for the one RUN that needs it: RUN --mount=type=secret,id=token,env=TOKEN.`,
	},
	Run: func(p *Pass) {
		for step := range p.everyPair("ENV", "ARG") {
			for _, pair := range step.Pairs {
				value := strings.Trim(pair.Value.Text, `"'`)
				passed := step.Name == "ARG" && value == "" || step.Name == "ENV" && strings.HasPrefix(value, "$")
				if secretName(pair.Key.Text) && passed {
					p.Report(pair.Key.Span, step.Name+" "+pair.Key.Text+" keeps what the build is given in the image's history", p.mountInstead(step, pair.Key.Text)...)
				}
			}
		}
	},
})

// mountInstead is the fix that drops an ARG of a stage and mounts a secret of
// that name for each RUN that uses it. There is none when anything else uses
// the name: what that becomes without a value is not known.
func (p *Pass) mountInstead(arg *dockerfile.Instr, name string) []boltseal.Fix {
	if arg.Name != "ARG" || arg.Stage == nil || len(arg.Pairs) != 1 || arg.Pairs[0].Set {
		return nil
	}
	fix := p.Delete("mount it as a secret where it is used", false, arg)
	used := false
	for _, in := range p.File.Instrs {
		if in == arg || in.Stage == nil || !speaksOf(in, name) {
			continue
		}
		if in.Stage != arg.Stage || in.Name != "RUN" || in.IsJSON() || len(in.Heredocs) > 0 || in.Span.Start < arg.Span.Start {
			return nil
		}
		used = true
		id := strings.ToLower(name)
		fix.Edits = append(fix.Edits, p.Insert("", false, in.Keyword.Span.End, " --mount=type=secret,id="+id+",env="+name).Edits...)
	}
	if !used {
		return nil
	}
	return []boltseal.Fix{fix}
}

// speaksOf tells whether an instruction holds a name as a word.
func speaksOf(in *dockerfile.Instr, name string) bool {
	texts := []string{in.Args.Value}
	for _, f := range in.Flags {
		texts = append(texts, f.Value.Text)
	}
	for _, text := range texts {
		for {
			at := strings.Index(text, name)
			if at < 0 {
				break
			}
			end := at + len(name)
			if (at == 0 || !isNameByte(text[at-1], false)) && (end == len(text) || !isNameByte(text[end], false)) {
				return true
			}
			text = text[end:]
		}
	}
	return false
}
