package scan

import (
	"context"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/custom"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// OwnChecks lists the checks of the user's own that the options hold.
func (o *Options) OwnChecks() []boltseal.Check {
	var all []boltseal.Check
	for _, set := range o.Custom {
		all = append(all, set.Checks()...)
	}
	return all
}

// ownOverFiles runs the user's checks over the source files that Lint read.
// Blocks of Markdown are examples, and no part of what the checks speak of.
func (l *linter) ownOverFiles(ctx context.Context, parts []linted, report *boltseal.Report) {
	if len(l.o.Custom) == 0 {
		return
	}
	in := &custom.Input{Findings: slices.Clone(report.Findings)}
	for _, p := range parts {
		if len(p.fences) == 0 {
			in.Dockerfiles = append(in.Dockerfiles, p.dockerfiles...)
			in.Manifests = append(in.Manifests, p.manifests...)
		}
	}
	in.Manifests = slices.DeleteFunc(in.Manifests, func(f *manifest.File) bool { return f.Kind != manifest.Kubernetes })
	in.Manifests, _ = withoutPatches(in.Manifests)
	l.o.own(ctx, in, report)
}

// keep remembers a Dockerfile for the user's checks.
func (l *linter) keep(p *linted, f *dockerfile.File) {
	if len(l.o.Custom) > 0 {
		p.dockerfiles = append(p.dockerfiles, f)
	}
}

// ownOverReport runs the user's checks over what Run found: images with their
// configurations, components, findings.
func (o *Options) ownOverReport(ctx context.Context, report *boltseal.Report, subject *source.Subject) {
	if len(o.Custom) == 0 || o.ComponentsOnly {
		return
	}
	in := custom.FromReport(report)
	in.Findings = slices.Clone(report.Findings)
	configs := map[boltseal.Digest][]byte{subject.Artifact.Digest: subject.Config}
	for _, child := range subject.Children {
		configs[child.Artifact.Digest] = child.Config
	}
	for i := range in.Images {
		in.Images[i].Config = configs[in.Images[i].Artifact.Digest]
	}
	o.own(ctx, in, report)
}

func (o *Options) own(ctx context.Context, in *custom.Input, report *boltseal.Report) {
	there := map[custom.Over]bool{
		custom.OverDockerfile: len(in.Dockerfiles) > 0, custom.OverInstruction: len(in.Dockerfiles) > 0, custom.OverManifest: len(in.Manifests) > 0,
		custom.OverImage: len(in.Images) > 0, custom.OverComponent: len(in.Components) > 0, custom.OverFinding: len(in.Findings) > 0,
	}
	for _, set := range o.Custom {
		findings, gaps := set.Run(ctx, in)
		report.Findings = append(report.Findings, findings...)
		report.Gaps = append(report.Gaps, gaps...)
		for _, r := range set.Rules {
			if there[r.Over] {
				o.Looked(r.ID, report.Artifact.Name)
			}
		}
	}
}
