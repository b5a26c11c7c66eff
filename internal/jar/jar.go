// Package jar finds the Maven artifacts in Java archives: the archive itself,
// those that were unpacked into it ("shaded"), and those that lie in it as
// archives of their own, to any depth. Start with [Read].
//
// It says what an archive's own metadata says. Where there is none it makes a
// careful guess from the manifest and the file name and marks it as one.
package jar

import (
	"bytes"
	"context"
	"crypto/sha1" // the hash by which Maven's index and other tools know a jar
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/boltseal/boltseal/internal/limit"
)

// Artifact is one Maven artifact that an archive holds.
type Artifact struct {
	Path     string // of the archive inside the one that was read: "", "BOOT-INF/lib/b.jar", "a.war!/WEB-INF/lib/b.jar"
	Group    string // empty when only a name is known
	Name     string
	Version  string   // empty when it cannot be known
	Licenses []string // as the metadata words them
	Vendor   string
	SHA1     string // of the archive, in hex; empty for shaded artifacts
	Guessed  bool   // from manifest and file name, not from Maven's metadata
	Shaded   bool   // unpacked into the archive at Path, which is another artifact
	Parent   int    // index of the artifact that holds this one, or -1
}

// Options are the optional parameters of [Read].
type Options struct {
	Limits limit.Limits // the zero value has no ceilings

	// Tools, when not nil, lends Read what it needs to work with, so that the
	// next archive finds it made already.
	Tools *Tools

	// Spare, when not nil, runs the task in another goroutine if there is one
	// to spare, and says so.
	Spare func(task func()) bool
}

// Tools are buffers and inflaters that one call of [Read] leaves to the next.
// They are safe for use by several goroutines.
type Tools struct{ pool sync.Pool }

func (t *Tools) get() *tools {
	if t != nil {
		if kept, ok := t.pool.Get().(*tools); ok {
			return kept
		}
	}
	return &tools{}
}

func (t *Tools) put(used *tools) {
	if t != nil {
		t.pool.Put(used)
	}
}

// Read finds the artifacts in the archive of size bytes. name is its file
// name. Artifacts come with the error when only a part could be read.
func Read(ctx context.Context, r io.ReaderAt, size int64, name string, opts *Options) ([]Artifact, error) {
	if opts == nil {
		opts = &Options{}
	}
	left := &budget{}
	left.inflated.Store(opts.Limits.FileBytes)
	left.entries.Store(opts.Limits.Entries)
	rd := &reading{ctx: ctx, opts: opts, limits: opts.Limits, left: left, tools: opts.Tools.get()}
	defer func() { opts.Tools.put(rd.tools) }()
	err := rd.archive(r, size, path.Base(name), "", -1, 0)
	return rd.artifacts, errors.Join(append(rd.errs, err)...)
}

// Is says whether the name is that of an archive that Read understands.
func Is(name string) bool { return isArchive([]byte(name)) }

// extensions of archives, with the dot and in lower case.
var extensions = []string{
	".jar", ".war", ".ear", ".par", ".sar", ".rar", ".nar", ".kar", ".hpi", ".jpi", ".lpkg", ".aar", ".jmod",
}

func isArchive(name []byte) bool {
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 || len(name)-dot > len(".jmod") || dot == 0 || name[dot-1] == '/' {
		return false
	}
	for _, e := range extensions {
		if strings.EqualFold(string(name[dot:]), e) {
			return true
		}
	}
	return false
}

const (
	maxWhole    = 1 << 20   // bytes of an archive that is read at once
	maxText     = 4 << 20   // bytes of one metadata file
	maxNested   = 256 << 20 // bytes of one packed archive, which is inflated into memory
	maxMetadata = 20_000    // metadata files of one archive
	maxFound    = 100_000   // artifacts of one file
	maxErrors   = 20        // errors of one file that are told
	maxName     = 1 << 10
)

// reading is one call of Read, or the part of it that one goroutine does.
type reading struct {
	ctx       context.Context // it lives as long as the call
	opts      *Options
	limits    limit.Limits
	left      *budget
	artifacts []Artifact
	errs      []error
	tools     *tools
}

// budget is what a whole call may still do.
type budget struct {
	inflated atomic.Int64 // bytes that may be inflated
	entries  atomic.Int64 // entries that may be walked
	over     atomic.Bool  // something went past a ceiling
}

// wanted are the entries of one archive that say something.
type wanted struct {
	manifest   *manifest
	properties []coordinates
	poms       map[string]*pom // by folder
	nested     []entry
	classes    bool // there is something in it that could run
}

// archive reads one archive and then those in it. parent is the index of the
// artifact that holds it.
func (rd *reading) archive(r io.ReaderAt, size int64, name, inner string, parent, depth int) error {
	if most := rd.limits.Depth; most > 0 && int64(depth) >= most {
		return &limit.Error{What: "archives in archives", Max: most, Unit: "levels", Flag: "--max-depth"}
	}
	if _, inMemory := r.(*bytes.Reader); !inMemory && size <= maxWhole {
		whole, err := rd.whole(r, size)
		if err != nil {
			return rd.in(inner, err)
		}
		defer rd.tools.release(whole)
		r = bytes.NewReader(whole)
	}
	z, err := openZip(r, size, rd.tools)
	if err != nil {
		return rd.in(inner, err)
	}
	w, err := rd.collect(z, inner)
	if len(rd.artifacts)+len(w.properties) > maxFound {
		return rd.tooMany()
	}
	first := len(rd.artifacts)
	rd.identify(w, name, inner, parent)
	if len(rd.artifacts) > first && !rd.artifacts[first].Shaded {
		parent = first
		sum, sumErr := rd.hash(r, size)
		rd.artifacts[first].SHA1 = sum
		err = errors.Join(err, sumErr)
	}
	if rd.parallel(z, w.nested, inner, parent, depth) {
		return rd.in(inner, err)
	}
	for _, e := range w.nested {
		if err := rd.ctx.Err(); err != nil {
			return err
		}
		rd.note(rd.nested(z, e, inner, parent, depth+1))
	}
	return rd.in(inner, err)
}

// whole reads a small archive at once: that is less work than looking around
// in it with many small reads, each through all the layers below.
func (rd *reading) whole(r io.ReaderAt, size int64) ([]byte, error) {
	b := rd.tools.buffer(size)
	if err := readAt(r, b, 0); err != nil {
		rd.tools.release(b)
		return nil, err
	}
	return b, nil
}

func (rd *reading) tooMany() error {
	rd.left.over.Store(true)
	return &limit.Error{What: "archive", Max: maxFound, Unit: "artifacts", Flag: "--max-entries"}
}

// in names the archive that an error is about.
func (rd *reading) in(inner string, err error) error {
	if err == nil || inner == "" {
		return err
	}
	return fmt.Errorf("%s: %w", inner, err)
}

func (rd *reading) note(err error) {
	switch {
	case err == nil:
	case len(rd.errs) < maxErrors:
		rd.errs = append(rd.errs, err)
	case len(rd.errs) == maxErrors:
		rd.errs = append(rd.errs, errors.New("and further archives in it"))
	}
}

// hash is the SHA-1 of the whole archive.
func (rd *reading) hash(r io.ReaderAt, size int64) (string, error) {
	sum := sha1.New()
	if memory, ok := r.(*bytes.Reader); ok {
		if _, err := memory.Seek(0, io.SeekStart); err != nil {
			return "", err
		}
		if _, err := memory.WriteTo(sum); err != nil {
			return "", err
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(r, 0, size), rd.tools.copyBuffer()); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// collect walks the directory once and reads the metadata.
func (rd *reading) collect(z *zipFile, inner string) (*wanted, error) {
	w := &wanted{poms: map[string]*pom{}}
	read := 0
	want := func(name []byte) bool {
		w.classes = w.classes || bytes.HasSuffix(name, []byte(".class"))
		return isWanted(name)
	}
	for e, err := range z.entries(want, rd.count) {
		if err != nil {
			return w, err
		}
		if isArchive([]byte(e.name)) {
			w.nested = append(w.nested, e)
			continue
		}
		if read++; read > maxMetadata {
			return w, &limit.Error{What: "metadata of one archive", Max: maxMetadata, Unit: "files", Flag: "--max-entries"}
		}
		if err := rd.metadata(z, e, w); err != nil {
			rd.note(rd.in(inner, err))
		}
	}
	return w, nil
}

func (rd *reading) count() error {
	if rd.limits.Entries <= 0 {
		return nil
	}
	if rd.left.entries.Add(-1) < 0 {
		rd.left.over.Store(true)
		return &limit.Error{What: "archive", Max: rd.limits.Entries, Unit: "entries", Flag: "--max-entries"}
	}
	return nil
}

const (
	manifestName = "META-INF/MANIFEST.MF"
	mavenFolder  = "META-INF/maven/"
)

// isWanted says whether an entry is metadata or an archive. Java modules and
// Android archives keep the metadata one folder deeper.
func isWanted(name []byte) bool {
	if len(name) > maxName {
		return false
	}
	if isArchive(name) {
		return true
	}
	if len(name) == len(manifestName) && strings.EqualFold(string(name), manifestName) {
		return true
	}
	if !bytes.HasSuffix(name, []byte("/pom.properties")) && !bytes.HasSuffix(name, []byte("/pom.xml")) {
		return false
	}
	name = bytes.TrimPrefix(name, []byte("classes/"))
	name = bytes.TrimPrefix(name, []byte("WEB-INF/classes/"))
	return bytes.HasPrefix(name, []byte(mavenFolder))
}

func (rd *reading) metadata(z *zipFile, e entry, w *wanted) error {
	content, err := z.open(e)
	if err != nil {
		return err
	}
	content = rd.budget(content)
	switch folder, base := path.Split(e.name); base {
	case "pom.properties":
		c, err := readProperties(content)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		c.folder = folder
		w.properties = append(w.properties, c)
	case "pom.xml":
		p, err := readPOM(rd.tools.text(limit.Reader(content, maxText, textLimit())))
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		w.poms[folder] = p
	default:
		if w.manifest == nil { // Java takes the first
			w.manifest, err = readManifest(rd.tools.text(limit.Reader(content, maxText, textLimit())))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// nested reads an archive in an archive: in place when it is stored, from
// memory when it is packed.
func (rd *reading) nested(z *zipFile, e entry, inner string, parent, depth int) error {
	where := e.name
	if inner != "" {
		where = inner + "!/" + e.name
	}
	if e.method == methodStored {
		section, err := z.stored(e)
		if err != nil {
			return rd.in(inner, err)
		}
		// Entries may overlap, so that bytes in place count as well.
		if rd.limits.FileBytes > 0 && rd.left.inflated.Add(-section.Size()) < 0 {
			return rd.tooMuch()
		}
		return rd.archive(section, section.Size(), path.Base(e.name), where, parent, depth)
	}
	content, err := z.open(e)
	if err != nil {
		return rd.in(inner, err)
	}
	// What the directory says of the size is a hint and may be a lie.
	data := bytes.NewBuffer(rd.tools.buffer(min(max(e.plain, 0), e.packed*8, maxNested) + bytes.MinRead)[:0])
	defer func() { rd.tools.release(data.Bytes()) }()
	content = limit.Reader(rd.budget(content), maxNested, &limit.Error{
		What: "archive in an archive", Max: maxNested, Unit: "bytes", Flag: "--max-file-bytes",
	})
	if _, err := data.ReadFrom(content); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return rd.archive(bytes.NewReader(data.Bytes()), int64(data.Len()), path.Base(e.name), where, parent, depth)
}

// budget counts what is inflated against the limit for the whole file.
func (rd *reading) budget(r io.Reader) io.Reader {
	if rd.limits.FileBytes <= 0 {
		return r
	}
	return &counted{r: r, rd: rd}
}

func (rd *reading) tooMuch() error {
	rd.left.over.Store(true)
	return &limit.Error{What: "content of an archive", Max: rd.limits.FileBytes, Unit: "bytes", Flag: "--max-file-bytes"}
}

type counted struct {
	r  io.Reader
	rd *reading
}

func (c *counted) Read(p []byte) (int, error) {
	left := c.rd.left.inflated.Load()
	if left <= 0 {
		return 0, c.rd.tooMuch()
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := c.r.Read(p)
	c.rd.left.inflated.Add(-int64(n))
	return n, err
}
