package scan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/image"
	"github.com/boltseal/boltseal/check/secret"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// spotter collects the credentials in files as they pass, by several
// goroutines at once.
type spotter struct {
	mu    sync.Mutex
	spots []spot
}

// spot is a match in a file of a layer.
type spot struct {
	layer int
	path  string
	match secret.Match
}

// spotter gives one, and the stream for the layers' reader, which is nil when
// nobody wants to know.
func (o *Options) spotter() (*spotter, func(int, string, int64) io.WriteCloser) {
	s := &spotter{}
	if !o.runs(familySecret) {
		return s, nil
	}
	return s, s.stream
}

// looks names what is looked for while reading, for keys of caches.
func (o *Options) looks() string {
	var what []string
	if o.runs(familySecret) {
		what = append(what, "secrets", secret.Version)
	}
	if o.runs(familyImage) {
		what = append(what, "image", image.Version)
	}
	return strings.Join(what, " ")
}

// spot adds what is found outside of an image's layers.
func (p *part) spot(ctx context.Context, subject *source.Subject, o *Options) error {
	p.lintMoving(subject, o)
	origins(p.findings, &p.artifact)
	if !o.runs(familySecret) {
		return nil
	}
	if holdsFiles(subject) {
		o.Looked(familySecret, p.artifact.Name)
	}
	p.findings = append(p.findings, secretsInConfig(subject)...)
	if subject.Root == nil {
		return nil
	}
	findings, gaps, err := secretsInDir(ctx, subject.Root, o.Jobs)
	p.findings = append(p.findings, findings...)
	for _, gap := range gaps {
		if !slices.ContainsFunc(p.gaps, func(g boltseal.Gap) bool { return g.What == gap.What }) {
			p.gaps = append(p.gaps, gap)
		}
	}
	return err
}

// holdsFiles tells a subject with bytes to look at from an empty folder and a
// bill of materials.
func holdsFiles(subject *source.Subject) bool {
	if subject.Root == nil {
		return len(subject.Blobs) > 0 || len(subject.Config) > 0
	}
	entries, err := fs.ReadDir(subject.Root, ".")
	return err != nil || len(entries) > 0
}

// sealed gives the part's findings with subject and key.
func (p *part) sealed(platform string) []boltseal.Finding {
	for i := range p.findings {
		p.findings[i].Subject = boltseal.Subject{Name: p.artifact.Name, Digest: p.artifact.Digest, Platform: platform}
	}
	secret.Seal(p.findings)
	return p.findings
}

// stream gives a sink for one file, nil where no text is expected.
func (s *spotter) stream(layer int, path string, size int64) io.WriteCloser {
	return secret.NewStream(path, size, func(path string, matches []secret.Match) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, m := range matches {
			s.spots = append(s.spots, spot{layer, path, m})
		}
	})
}

// findings makes one finding of each credential in an image, be it in several
// layers, and says so when the image's view no longer shows it.
func (s *spotter) findings(fsys *layer.FS, layers []boltseal.Layer) []boltseal.Finding {
	// The topmost layer first: what is still visible is there.
	slices.SortFunc(s.spots, func(a, b spot) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(b.layer, a.layer), cmp.Compare(a.match.Span.Start, b.match.Span.Start),
			strings.Compare(a.match.Detector.ID, b.match.Detector.ID))
	})
	type place struct {
		check, path string
		line        int
	}
	at := map[place]int{}
	var out []boltseal.Finding
	for i := range s.spots {
		p := &s.spots[i]
		l := &layers[p.layer]
		key := place{p.match.Detector.ID, p.path, p.match.Line}
		if n, again := at[key]; again && out[n].Location.Layer != l.DiffID {
			if len(out[n].Locations) == 0 {
				out[n].Locations = []boltseal.Location{out[n].Location}
			}
			where := out[n].Location
			where.Layer, where.Span, where.Col = l.DiffID, p.match.Span, p.match.Col
			out[n].Locations = append(out[n].Locations, where)
			continue
		}
		f := p.match.Finding(p.path)
		f.Location.Layer, f.CreatedBy = l.DiffID, l.CreatedBy
		f.Message += fate(fsys, p.path, p.layer)
		at[key] = len(out)
		out = append(out, f)
	}
	return out
}

// fate says what became of a file of a layer in the image's view.
func fate(fsys *layer.FS, path string, in int) string {
	if _, err := fsys.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("; a later layer deletes the file, and layer %d of the image still holds it", in+1)
	}
	if now, ok := fsys.LayerOf(path); ok && now != in {
		return fmt.Sprintf("; a later layer replaces the file, and layer %d of the image still holds it", in+1)
	}
	return ""
}

// origins says whether each finding came with the base image.
func origins(findings []boltseal.Finding, a *boltseal.Artifact) {
	if a.Base == nil || a.Base.Layers == 0 {
		return
	}
	base := map[boltseal.Digest]bool{}
	for _, l := range a.Layers {
		base[l.DiffID] = l.FromBase
	}
	for i := range findings {
		if l := findings[i].Location.Layer; l != "" {
			findings[i].Origin = boltseal.OriginOwn
			if base[l] {
				findings[i].Origin = boltseal.OriginBase
			}
		}
	}
}

// secretsInConfig looks at what everybody can read of an image without
// pulling its layers: environment, labels, history, command.
func secretsInConfig(subject *source.Subject) []boltseal.Finding {
	if subject.Config == nil {
		return nil
	}
	var c struct {
		Config struct {
			Env        []string          `json:"Env"`
			Labels     map[string]string `json:"Labels"`
			Entrypoint []string          `json:"Entrypoint"`
			Cmd        []string          `json:"Cmd"`
		} `json:"config"`
		History []struct {
			CreatedBy string `json:"created_by"`
			Comment   string `json:"comment"`
		} `json:"history"`
	}
	if err := json.Unmarshal(subject.Config, &c); err != nil {
		return nil // source.Open has read it and knows better
	}
	var out []boltseal.Finding
	look := func(where, line, text string) {
		for _, m := range secret.Scan(".env", []byte(text)) {
			f := m.Finding(where)
			f.Location.Span, f.Location.Line, f.Location.Col = boltseal.Span{}, 0, 0
			f.Message += "; " + line
			f.Evidence = append(f.Evidence, boltseal.Evidence{Kind: boltseal.EvidenceStable, Excerpt: line})
			out = append(out, f)
		}
	}
	for _, env := range c.Config.Env {
		name, _, _ := strings.Cut(env, "=")
		look("config: Env", "in the environment variable "+name, env)
	}
	for name, value := range c.Config.Labels {
		look("config: Labels", "in the label "+name, name+"="+value)
	}
	look("config: Entrypoint", "in the entry point", strings.Join(c.Config.Entrypoint, " "))
	look("config: Cmd", "in the command", strings.Join(c.Config.Cmd, " "))
	for i, h := range c.History {
		look("config: history", fmt.Sprintf("in line %d of the history", i+1), h.CreatedBy)
		look("config: history", fmt.Sprintf("in the comment of line %d of the history", i+1), h.Comment)
	}
	slices.SortFunc(out, boltseal.Finding.Compare)
	return out
}

// secretsInDir looks at the files of a directory. What others wrote and
// version control's own files are passed over.
func secretsInDir(ctx context.Context, root fs.FS, jobs int) ([]boltseal.Finding, []boltseal.Gap, error) {
	var mu sync.Mutex
	var findings []boltseal.Finding
	var gaps []boltseal.Gap
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(jobs, 1))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if d != nil && d.IsDir() {
				return fs.SkipDir // inventory notes what cannot be read
			}
			return nil
		case d.IsDir() && (d.Name() == "node_modules" || strings.HasSuffix(name, ".git/objects")):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		g.Go(func() error {
			found, err := secretsInFile(root, name)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				gaps = append(gaps, unreadable(name, err))
			}
			findings = append(findings, found...)
			return nil
		})
		return nil
	})
	if err = errors.Join(err, g.Wait()); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(findings, boltseal.Finding.Compare)
	slices.SortFunc(gaps, boltseal.Gap.Compare)
	return findings, gaps, nil
}

func secretsInFile(root fs.FS, name string) (findings []boltseal.Finding, err error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	sink := secret.NewStream(name, info.Size(), func(_ string, matches []secret.Match) {
		for _, m := range matches {
			findings = append(findings, m.Finding(name))
		}
	})
	if sink == nil {
		return nil, nil
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	_, err = io.CopyBuffer(untilDone{sink}, struct{ io.Reader }{f}, *buf)
	if errors.Is(err, errDone) {
		err = nil
	}
	return findings, errors.Join(err, sink.Close())
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// errDone stops the copying of a file in which nothing is to be found.
var errDone = errors.New("done")

type untilDone struct{ io.WriteCloser }

func (w untilDone) Write(p []byte) (int, error) {
	n, err := w.WriteCloser.Write(p)
	if d, ok := w.WriteCloser.(interface{ Done() bool }); ok && err == nil && d.Done() {
		err = errDone
	}
	return n, err
}
