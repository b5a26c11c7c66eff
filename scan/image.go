package scan

import (
	"io/fs"
	"slices"

	"github.com/boltseal/boltseal/check/image"
	"github.com/boltseal/boltseal/inventory"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// selection is which files of an image are kept: those that components are
// read from, and those that rules about images read.
func (o *Options) selection() func(string, int64, fs.FileMode) layer.Choice {
	if !o.runs(familyImage) {
		return inventory.Select
	}
	return func(path string, size int64, mode fs.FileMode) layer.Choice {
		if image.Select(path) {
			return layer.Keep
		}
		return inventory.Select(path, size, mode)
	}
}

// lint checks an image whose layers were read. What depends on its name or on
// the day is left to lintMoving.
func (p *part) lint(subject *source.Subject, fsys *layer.FS, o *Options) {
	if !o.runs(familyImage) {
		return
	}
	rules := slices.DeleteFunc(image.Rules(), func(r image.Rule) bool { return r.Moving })
	found, gaps := image.Run(&image.Image{Artifact: &p.artifact, Config: subject.Config, Files: fsys, Lost: fsys.Lost()}, rules, nil)
	p.findings, p.gaps = append(p.findings, found...), append(p.gaps, gaps...)
}

// lintMoving checks what may be another thing tomorrow for the same image.
func (p *part) lintMoving(subject *source.Subject, o *Options) {
	if subject.Config == nil || !o.runs(familyImage) {
		return
	}
	o.Looked(familyImage, p.artifact.Name)
	rules := slices.DeleteFunc(image.Rules(), func(r image.Rule) bool { return !r.Moving })
	found, _ := image.Run(&image.Image{Artifact: &p.artifact, Config: subject.Config}, rules, &image.Options{Now: o.Now()})
	p.findings = append(p.findings, found...)
}
