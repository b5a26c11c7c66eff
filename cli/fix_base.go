package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/remedy/upgrade"
	"github.com/boltseal/boltseal/source/registry"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// maxTags bounds the tags of one repository that are looked through.
const maxTags = 20_000

// bases moves base images to better tags: each step was scanned on both sides.
func (f *fixFlags) bases(ctx context.Context, env *Env, path string, names []string, p *fixPlan) error {
	known := map[string]*baseStep{}
	for _, full := range names {
		name, err := filepath.Rel(path, filepath.FromSlash(full))
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		content, ok := p.changes[name]
		if !ok {
			if content, err = os.ReadFile(filepath.FromSlash(full)); err != nil {
				return err
			}
		}
		file := dockerfile.Parse(name, content)
		var edits []boltseal.Edit
		for _, s := range file.Stages {
			image := s.Image.Text
			if s.Base != nil || strings.Contains(image, "$") || strings.EqualFold(image, "scratch") {
				continue
			}
			step, ok := known[image]
			if !ok {
				step = f.base(ctx, env, image, p)
				known[image] = step
			}
			if step == nil {
				continue
			}
			line, _ := file.Line(s.Image.Span.Start)
			found := *step
			found.File, found.Line = name, line
			p.Base = append(p.Base, found)
			edits = append(edits, boltseal.Edit{Span: s.Image.Span, New: found.To})
		}
		if len(edits) > 0 {
			p.changes[name] = remedy.Edit(content, edits)
		}
	}
	return nil
}

// base looks for a better tag of an image; nil when there is none, or none can
// be found out.
func (f *fixFlags) base(ctx context.Context, env *Env, image string, p *fixPlan) *baseStep {
	ref, err := registry.ParseRef(image)
	if err != nil || ref.Tag == "" {
		return nil
	}
	tags, digest, err := f.tags(ctx, env, ref)
	if err != nil {
		p.Left = append(p.Left, leftOver{image, "its tags are not known: " + err.Error()})
		return nil
	}
	if len(digest) == 0 {
		return nil
	}
	build := &buildFlags{}
	build.scanFlags = f.scanFlags
	before, err := build.compare(ctx, env, image)
	if err != nil || len(before) == 0 {
		p.Left = append(p.Left, leftOver{image, "it cannot be scanned"})
		return nil
	}
	var best *baseStep
	for _, tag := range tags {
		candidate := ref
		candidate.Tag, candidate.Digest = tag, ""
		after, err := build.compare(ctx, env, candidate.String())
		if err != nil || len(after) == 0 {
			continue
		}
		was, will := together(before), together(after)
		if total(will) >= total(was) || best != nil && total(will) >= total(best.After) {
			continue
		}
		at, _, _ := strings.Cut(image, "@")
		at = strings.TrimSuffix(at, ":"+ref.Tag) + ":" + tag
		if d := digest[tag]; d != "" {
			at += "@" + string(d)
		}
		best = &baseStep{From: image, To: at, Before: was, After: will}
	}
	return best
}

// together adds up the platforms of an image.
func together(all []measured) extent {
	e := extent{Findings: map[string]int{}}
	for _, m := range all {
		e.Stored, e.Bytes, e.Files, e.Components = e.Stored+m.Stored, e.Bytes+m.Bytes, e.Files+m.Files, e.Components+m.Components
		for s, n := range m.Findings {
			e.Findings[s] += n
		}
	}
	return e
}

// tags are those that could take a tag's place, and their digests.
func (f *fixFlags) tags(ctx context.Context, env *Env, ref registry.Ref) ([]string, map[string]boltseal.Digest, error) {
	reg := &registryFlags{}
	reg.scanFlags = f.scanFlags
	client, _, err := reg.client(env, ref.String())
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = client.Close() }()
	var all []string
	for tag, err := range client.Tags(ctx, ref) {
		if err != nil {
			return nil, nil, err
		}
		if all = append(all, tag); len(all) >= maxTags {
			break
		}
	}
	digests := map[string]boltseal.Digest{}
	bumps := upgrade.Bumps(ref.Tag, all)
	for _, tag := range bumps {
		at := ref.WithTag(tag)
		at.Digest = ""
		d, err := client.Resolve(ctx, at)
		if err != nil {
			return nil, nil, err
		}
		digests[tag] = boltseal.Digest(d.Digest)
	}
	return bumps, digests, nil
}
