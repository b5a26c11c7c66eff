package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/check/shell"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// markdown checks the fenced blocks of a Markdown file where they stand.
// Blocks that are no whole file, such as a single field of a manifest, are
// passed over.
func (l *linter) markdown(c candidate, content []byte) linted {
	text := string(content)
	var p linted
	copied := 0
	blocks := fences(text)
	for i := range blocks {
		f := &blocks[i]
		if copied += f.end; copied > maxFenceBytes {
			p.gaps = append(p.gaps, boltseal.Gap{Kind: "limit", What: "file " + c.name,
				Why: fmt.Sprintf("its %d blocks from line %d on are not checked: the file is too large", len(blocks)-i, f.line)})
			break
		}
		l.block(&p, c, f, text)
	}
	if len(blocks) == maxFences {
		p.gaps = append(p.gaps, boltseal.Gap{Kind: "limit", What: "file " + c.name, Why: fmt.Sprintf("more than %d blocks", maxFences)})
	}
	if c.named && len(p.looked) == 0 && len(p.manifests) == 0 && len(p.gaps) == 0 {
		p.looked = append(p.looked, looked{"markdown", c.name}) // it was read, and holds nothing to check
	}
	return p
}

func (l *linter) block(p *linted, c candidate, f *fence, text string) {
	switch kindOfBlock(f.language, text[f.start:f.end]) {
	case "dockerfile":
		l.dockerBlock(p, c, f, text)
	case "data":
		l.dataBlock(p, c, f, text)
	case "shell":
		p.looked = append(p.looked, looked{"shell", c.name})
		session := slices.Contains([]string{"console", "shell-session", "shellsession"}, f.language)
		p.findings = append(p.findings, shell.Run(shell.Fenced(c.name, string(f.alone(text)), f.start, session), shell.Rules())...)
	}
}

// kindOfBlock tells what a block is by its label, and without one by its
// content.
func kindOfBlock(label, block string) string {
	switch label {
	case "dockerfile", "docker", "containerfile":
		if hasFrom(block) {
			return "dockerfile"
		}
		return "" // some instructions are no file
	case "yaml", "yml", "json", "jsonc", "json5", "compose", "docker-compose", "kubernetes", "k8s", "manifest", "workflow", "falco":
		return "data"
	case "sh", "bash", "shell", "console", "shell-session", "shellsession", "zsh", "terminal":
		return "shell"
	case "", "text", "txt", "plaintext", "plain":
		switch {
		case looksLikeDockerfile([]byte(strings.TrimLeft(block, "> \t"))) && hasFrom(block):
			return "dockerfile"
		case mayBeOurs("", []byte(block)) || strings.Contains(block, "condition:"):
			return "data"
		}
	}
	return ""
}

func hasFrom(block string) bool {
	for line := range strings.Lines(block) {
		line = strings.TrimLeft(line, "> \t")
		if len(line) > 5 && strings.EqualFold(line[:5], "FROM ") {
			return true
		}
	}
	return false
}

// dockerBlock checks a Dockerfile in a block. It is read by itself, because
// directives count on its first lines alone, and then moved to its place.
func (l *linter) dockerBlock(p *linted, c candidate, f *fence, text string) {
	block := []byte(text[f.start:f.end])
	f.bare(block)
	file := dockerfile.Parse(c.name, block)
	if len(file.Instrs) > maxInstructions {
		p.gaps = append(p.gaps, boltseal.Gap{Kind: "limit", What: fmt.Sprintf("block at line %d of %s", f.line, c.name), Why: "it has too many instructions"})
		return
	}
	p.looked = append(p.looked, looked{"docker", c.name})
	findings := docker.Run(file, docker.Rules(), &docker.Options{Now: l.o.Now(), Registries: l.o.Registries, Labels: l.o.Labels})
	for i := range findings {
		f.move(&findings[i])
	}
	f.indent(findings, text)
	p.findings = append(p.findings, f.own(findings)...)
}

// move puts a finding of a block that was read by itself where it stands.
func (f *fence) move(found *boltseal.Finding) {
	shift := func(at *boltseal.Location) {
		at.Span.Start += f.start
		at.Span.End += f.start
		if at.Line > 0 {
			at.Line += f.line - 1
		}
	}
	shift(&found.Location)
	for i := range found.Locations {
		shift(&found.Locations[i])
	}
	for i := range found.Fixes {
		for j := range found.Fixes[i].Edits {
			e := &found.Fixes[i].Edits[j]
			e.Span.Start += f.start
			e.Span.End += f.start
		}
	}
}

// own keeps the fixes that stay inside the block, and gives the lines that
// they add the block's prefix.
func (f *fence) own(findings []boltseal.Finding) []boltseal.Finding {
	for i := range findings {
		findings[i].Fixes = slices.DeleteFunc(findings[i].Fixes, func(fix boltseal.Fix) bool {
			return slices.ContainsFunc(fix.Edits, func(e boltseal.Edit) bool {
				return e.Span.Start < f.start || e.Span.End > f.end || f.prefix != "" && strings.Contains(e.New, "\n") && f.quoted
			})
		})
	}
	return findings
}

// indent gives the lines that Dockerfile fixes add the block's prefix.
func (f *fence) indent(findings []boltseal.Finding, text string) {
	if f.prefix == "" {
		return
	}
	for i := range findings {
		for j := range findings[i].Fixes {
			for k := range findings[i].Fixes[j].Edits {
				e := &findings[i].Fixes[j].Edits[k]
				if e.New == "" {
					continue
				}
				body, last := strings.CutSuffix(e.New, "\n")
				lineStart := e.Span.Start == 0 || text[e.Span.Start-1] == '\n'
				body = strings.ReplaceAll(body, "\n", "\n"+f.prefix)
				if lineStart {
					body = f.prefix + body
				}
				if last {
					body += "\n"
					if !lineStart {
						body += f.prefix
					}
				}
				e.New = body
			}
		}
	}
}

// dataBlock checks YAML or JSON in a block, which keeps its place.
func (l *linter) dataBlock(p *linted, c candidate, f *fence, text string) {
	block := text[f.start:f.end]
	if strings.Contains(block, "condition:") && (strings.Contains(block, "- rule:") || strings.Contains(block, "- macro:")) {
		block := []byte(text[:f.end])
		f.bare(block[f.start:])
		p.looked = append(p.looked, looked{"falco", c.name})
		p.findings = append(p.findings, falco(c.name, string(block), f.start, f.line)...)
		return
	}
	if !mayBeOurs("", []byte(block)) {
		return
	}
	file := manifest.Parse(c.name, f.alone(text))
	inner := c
	inner.named = false
	part := l.data(inner, file)
	part.findings = f.own(part.findings)
	// A block that is no whole document is an example of a part.
	part.gaps = slices.DeleteFunc(part.gaps, func(boltseal.Gap) bool { return file.Kind == manifest.Unknown })
	if file.Kind == manifest.Template || file.Kind == manifest.Kustomization {
		return
	}
	p.findings = append(p.findings, part.findings...)
	p.gaps = append(p.gaps, part.gaps...)
	p.looked = append(p.looked, part.looked...)
	p.manifests = append(p.manifests, part.manifests...)
	p.composes = append(p.composes, part.composes...)
	p.fences = append(p.fences, *f)
}

// inBlocks takes the fixes away that would leave the block of Markdown that
// their finding stands in.
func inBlocks(findings []boltseal.Finding, blocks map[string][]fence) {
	for i := range findings {
		for _, f := range blocks[findings[i].Location.File] {
			if at := findings[i].Location.Span.Start; at >= f.start && at <= f.end {
				f.own(findings[i : i+1])
				break
			}
		}
	}
}
