package advisory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zip"

	"github.com/boltseal/boltseal/internal/limit"
)

var _ = add(Feed{
	Name:  "osv",
	Title: "OSV.dev",
	Base:  "https://osv-vulnerabilities.storage.googleapis.com",
	Terms: "each publisher's own, most CC-BY-4.0, CC0-1.0 or MIT: https://google.github.io/osv.dev/data/",
	read:  readOSV,
	fetch: fetchOSV,
})

const (
	maxRecordBytes = 32 << 20  // of one record, inflated
	maxRecords     = 5_000_000 // of one archive
	archiveName    = "all.zip"
	nowhere        = "[EMPTY]" // where the bucket keeps records that speak of no package
)

// document is one stored record: an entry of an archive, or a file.
type document interface {
	label() string
	read(buf []byte) ([]byte, error)
}

type zipped struct{ *zip.File }

func (z zipped) label() string { return strings.TrimSuffix(filepath.Base(z.Name), ".json") }

func (z zipped) read(buf []byte) ([]byte, error) {
	if z.UncompressedSize64 > maxRecordBytes {
		return nil, tooLong("OSV record", maxRecordBytes)
	}
	r, err := z.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return appendAll(buf, r)
}

type loose string

func (l loose) label() string { return strings.TrimSuffix(filepath.Base(string(l)), ".json") }

func (l loose) read(buf []byte) ([]byte, error) {
	f, err := os.Open(string(l))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return appendAll(buf, f)
}

// appendAll reads r to its end into buf, as far as one record may go.
func appendAll(buf []byte, r io.Reader) ([]byte, error) {
	r = limit.Reader(r, maxRecordBytes, tooLong("OSV record", maxRecordBytes))
	buf = slices.Grow(buf, 4096)
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// readOSV hands on everything under a path: the layout of OSV.dev's bucket
// with one archive for each ecosystem, one archive for all, or loose files.
func readOSV(ctx context.Context, b *builder, s Source) error {
	if len(s.parts) > 0 {
		return readBucket(ctx, b, s.parts)
	}
	info, err := os.Stat(s.At)
	if err != nil {
		return fmt.Errorf("read OSV: %w", err)
	}
	if !info.IsDir() {
		return readOSVFile(ctx, b, s)
	}
	parts, err := bucket(s.At, s.Ecosystems)
	if err != nil {
		return fmt.Errorf("read OSV: %w", err)
	}
	if len(parts) > 0 {
		return readBucket(ctx, b, parts)
	}
	if all := filepath.Join(s.At, archiveName); isFile(all) {
		s.At = all
		return readOSVFile(ctx, b, s)
	}
	docs, err := walk(s.At)
	if err != nil {
		return fmt.Errorf("read OSV: %w", err)
	}
	if len(docs) == 0 {
		return fmt.Errorf("read OSV: %s: neither archives nor JSON files", s.At)
	}
	return b.decode(ctx, "", docs, only(s.Ecosystems))
}

// part is the data of one ecosystem on the disk.
type part struct {
	ecosystem string
	archive   string   // all.zip
	changed   []string // newer records beside it
}

// bucket lists the ecosystems of a folder in the bucket's layout.
func bucket(dir string, ecosystems []string) ([]part, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, e := range entries {
		name := unescapeName(e.Name())
		archive := filepath.Join(dir, e.Name(), archiveName)
		if isFile(archive) && (len(ecosystems) == 0 || slices.Contains(ecosystems, name) || name == nowhere) {
			parts = append(parts, part{ecosystem: name, archive: archive})
		}
	}
	return parts, nil
}

// readBucket reads one ecosystem after another. One that cannot be read is
// its own feed's failure and nobody else's.
func readBucket(ctx context.Context, b *builder, parts []part) error {
	var archives []*archive
	defer func() {
		for _, a := range archives {
			a.close()
		}
	}()
	var failures []error
	there := map[string]bool{}
	for _, p := range parts {
		a, err := openArchive(p.archive)
		if err != nil {
			b.feed("osv/" + p.ecosystem).Error = err.Error()
			failures = append(failures, fmt.Errorf("read OSV: %s: %w", p.ecosystem, err))
			continue
		}
		archives = append(archives, a)
		a.part = p
		there[p.ecosystem] = true
	}
	if len(archives) == 0 {
		return errors.Join(failures...)
	}
	// A record also speaks of ecosystems whose archive is not there. Its
	// few rows would make them look covered.
	keep := func(ecosystem string) bool { return there[base(ecosystem)] }
	for _, a := range archives {
		docs := a.documents()
		for _, name := range a.changed {
			docs = append(docs, loose(name))
		}
		if err := b.decode(ctx, "osv/"+a.ecosystem, docs, keep); err != nil {
			return err
		}
	}
	return nil
}

// readOSVFile reads one archive, or one JSON file.
func readOSVFile(ctx context.Context, b *builder, s Source) error {
	if !strings.EqualFold(filepath.Ext(s.At), ".zip") {
		return b.decode(ctx, "", []document{loose(s.At)}, only(s.Ecosystems))
	}
	a, err := openArchive(s.At)
	if err != nil {
		return fmt.Errorf("read OSV: %w", err)
	}
	defer a.close()
	return b.decode(ctx, "", a.documents(), only(s.Ecosystems))
}

// only keeps packages of some ecosystems, or of all.
func only(ecosystems []string) func(string) bool {
	if len(ecosystems) == 0 {
		return func(string) bool { return true }
	}
	return func(ecosystem string) bool { return slices.Contains(ecosystems, base(ecosystem)) }
}

type archive struct {
	part
	f *os.File
	z *zip.Reader
}

func openArchive(name string) (*archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	z, err := zip.NewReader(f, info.Size())
	if err == nil && len(z.File) > maxRecords {
		err = &limit.Error{What: "OSV archive", Max: maxRecords, Unit: "records", Flag: "--ecosystem to take fewer"}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return &archive{f: f, z: z}, nil
}

func (a *archive) documents() []document {
	docs := make([]document, 0, len(a.z.File))
	for _, f := range a.z.File {
		if strings.HasSuffix(f.Name, ".json") {
			docs = append(docs, zipped{f})
		}
	}
	return docs
}

func (a *archive) close() { _ = a.f.Close() }

// walk finds the JSON files below a folder, in the order of their names.
func walk(dir string) ([]document, error) {
	var docs []document
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(name, ".json") {
			docs = append(docs, loose(name))
		}
		return err
	})
	return docs, err
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// unescapeName is an ecosystem's name as a mirror's folder spells it.
func unescapeName(name string) string {
	return strings.NewReplacer("%20", " ", "%5B", "[", "%5D", "]", "%5b", "[", "%5d", "]").Replace(name)
}
