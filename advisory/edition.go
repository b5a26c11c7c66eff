package advisory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/limit"
)

// The kinds of files that an edition is made of.
const (
	FileFull  = "full"  // the whole database, under zstd
	FilePart  = "part"  // the database of one ecosystem, under zstd
	FileDelta = "delta" // what turns an older one into a newer one
)

// EditionFile is one file of a published database.
type EditionFile struct {
	Kind      string
	Ecosystem string          // of a part and of its deltas
	From      boltseal.Digest // of a delta: the snapshot that it is for
	To        boltseal.Digest // the snapshot that it is, or makes
	Digest    boltseal.Digest // of the file as it is served
	Size      int64

	// Path is where the file is on the disk. It is empty for files of an
	// earlier edition that are served still.
	Path string
}

// Edition is a published database: the whole of it, one for each ecosystem,
// and the deltas from the last days.
type Edition struct{ Files []EditionFile }

// find is the one file of a kind that gives an ecosystem's database.
func (r *Edition) find(ecosystem string) (EditionFile, bool) {
	kind := FileFull
	if ecosystem != "" {
		kind = FilePart
	}
	i := slices.IndexFunc(r.Files, func(f EditionFile) bool { return f.Kind == kind && f.Ecosystem == ecosystem })
	if i < 0 {
		return EditionFile{}, false
	}
	return r.Files[i], true
}

// Opener opens a file of an edition where it is served.
type Opener func(ctx context.Context, f EditionFile) (io.ReadCloser, error)

// EditionOptions are what MakeEdition does not need to be told.
type EditionOptions struct {
	Parts bool // one database for each ecosystem, too

	// Last is the edition before, and Open opens its files. Deltas lead from
	// there, and its own deltas are served on as long as they are worth it.
	Last *Edition
	Open Opener
}

const (
	mostDeltas    = 30 // that a client may have missed in a row
	deltaWorth    = 4  // a delta, or a chain of them, is at most this part of the whole
	maxDatabase   = 16 << 30
	partExtension = ".db"
)

// MakeEdition writes the files of an edition of the database at path into dir.
// The same database and the same last edition give the same files.
func MakeEdition(ctx context.Context, dir, path string, opts *EditionOptions) (*Edition, error) {
	if opts == nil {
		opts = &EditionOptions{}
	}
	m := editor{dir: dir, opts: opts, out: &Edition{}}
	if err := m.make(ctx, path); err != nil {
		return nil, fmt.Errorf("make an edition of the advisory database: %w", err)
	}
	return m.out, nil
}

type editor struct {
	dir  string
	opts *EditionOptions
	out  *Edition
}

func (m *editor) make(ctx context.Context, path string) error {
	db, err := Open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Verify(); err != nil {
		return err
	}
	last := m.last(ctx)
	if last != nil {
		defer last.Close()
	}
	if err := m.unit("", path, db, last); err != nil {
		return err
	}
	if !m.opts.Parts {
		return nil
	}
	now, err := db.content()
	if err != nil {
		return err
	}
	var before *content
	if last != nil {
		before, _ = last.content() // without it there are no deltas
	}
	var names []string
	for _, r := range db.Releases() {
		names = append(names, base(r.Ecosystem))
	}
	for _, name := range unique(names) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.part(name, db, now, last, before); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// last is the database of the edition before. Without it there are no deltas,
// and that is all.
func (m *editor) last(ctx context.Context) *DB {
	if m.opts.Last == nil || m.opts.Open == nil {
		return nil
	}
	f, ok := m.opts.Last.find("")
	if !ok {
		return nil
	}
	path := filepath.Join(m.dir, "last"+partExtension)
	if err := fetchWhole(ctx, path, f, m.opts.Open, maxDatabase); err != nil {
		return nil
	}
	db, err := Open(path)
	if err != nil {
		return nil
	}
	return db
}

func (m *editor) part(name string, db *DB, now *content, last *DB, then *content) error {
	path := filepath.Join(m.dir, safeName(name)+partExtension)
	if err := now.part(db, path, []string{name}); err != nil {
		return err
	}
	part, err := Open(path)
	if err != nil {
		return err
	}
	defer part.Close()
	var before *DB
	if then != nil {
		old := filepath.Join(m.dir, "last-"+safeName(name)+partExtension)
		if then.part(last, old, []string{name}) == nil {
			if before, err = Open(old); err == nil {
				defer before.Close()
			}
		}
	}
	return m.unit(name, path, part, before)
}

// unit adds a database and the deltas that lead to it.
func (m *editor) unit(ecosystem, path string, db, before *DB) error {
	whole := EditionFile{Kind: FileFull, Ecosystem: ecosystem, To: db.id, Path: filepath.Join(m.dir, "full.zst")}
	if ecosystem != "" {
		whole.Kind, whole.Path = FilePart, path+".zst"
	}
	if err := compressFile(whole.Path, path); err != nil {
		return err
	}
	if err := whole.measure(); err != nil {
		return err
	}
	m.out.Files = append(m.out.Files, whole)
	if before == nil {
		return nil
	}
	budget := whole.Size / deltaWorth
	if before.id != db.id {
		delta := EditionFile{Kind: FileDelta, Ecosystem: ecosystem, From: before.id, To: db.id, Path: path + ".delta"}
		if ecosystem == "" {
			delta.Path = filepath.Join(m.dir, "full.delta")
		}
		err := atomicfile.Write(delta.Path, 0o644, func(f *os.File) error { return Diff(f, before, db) })
		if err == nil {
			err = delta.measure()
		}
		if err != nil {
			return err
		}
		if budget -= delta.Size; budget < 0 {
			return nil
		}
		m.out.Files = append(m.out.Files, delta)
	}
	m.carry(ecosystem, before.id, budget)
	return nil
}

// carry keeps the deltas of the last edition that lead to where the new one
// begins, newest first.
func (m *editor) carry(ecosystem string, to boltseal.Digest, budget int64) {
	for range mostDeltas {
		i := slices.IndexFunc(m.opts.Last.Files, func(f EditionFile) bool {
			return f.Kind == FileDelta && f.Ecosystem == ecosystem && f.To == to
		})
		if i < 0 || m.opts.Last.Files[i].Size > budget {
			return
		}
		f := m.opts.Last.Files[i]
		f.Path, to, budget = "", f.From, budget-f.Size
		m.out.Files = append(m.out.Files, f)
	}
}

func (f *EditionFile) measure() error {
	sum, err := fileSum(f.Path)
	if err != nil {
		return err
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return err
	}
	f.Digest, f.Size = boltseal.Digest("sha256:"+sum), info.Size()
	return nil
}

func compressFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return atomicfile.Write(to, 0o644, func(f *os.File) error {
		z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20))
		if err != nil {
			return err
		}
		_, err = io.Copy(z, in)
		return errors.Join(err, z.Close())
	})
}

// PullOptions are what Pull does not need to be told.
type PullOptions struct {
	// Ecosystems are the parts to take, without their releases; none takes
	// the whole.
	Ecosystems []string

	// Dir keeps the parts that a database of several was merged of; empty is
	// a directory beside the database.
	Dir string

	Whole    bool  // no deltas
	MaxBytes int64 // of one file; 0 is 16 GiB
}

// Pulled is what Pull came to.
type Pulled struct {
	Snapshot *boltseal.Snapshot
	Bytes    int64    // that were fetched
	Deltas   int      // that were applied
	Notes    []string // deltas that did not fit, and why
}

// Pull brings the database file dst to what an edition has: by deltas where
// they lead there from what is on the disk, as a whole otherwise. Nothing is
// put in place that has not the digest that the edition names. Whether the
// edition itself is to be trusted is the caller's to know.
func Pull(ctx context.Context, dst string, r *Edition, open Opener, opts *PullOptions) (*Pulled, error) {
	p := puller{edition: r, open: open, out: &Pulled{}}
	if opts != nil {
		p.opts = *opts
	}
	if p.opts.Dir == "" {
		p.opts.Dir = dst + ".parts"
	}
	if p.opts.MaxBytes <= 0 {
		p.opts.MaxBytes = maxDatabase
	}
	if err := p.pull(ctx, dst); err != nil {
		return nil, fmt.Errorf("pull the advisory database: %w", err)
	}
	db, err := Open(dst)
	if err != nil {
		return nil, err
	}
	p.out.Snapshot = db.Snapshot()
	return p.out, db.Close()
}

type puller struct {
	edition *Edition
	open    Opener
	opts    PullOptions
	out     *Pulled
}

var errNoPart = errors.New("the edition has no part of this ecosystem")

func (p *puller) pull(ctx context.Context, dst string) error {
	names := unique(p.opts.Ecosystems)
	for i := range names {
		names[i] = base(strings.TrimSpace(names[i]))
	}
	names = unique(names)
	if len(names) == 0 {
		return p.unit(ctx, "", dst)
	}
	if err := os.MkdirAll(p.opts.Dir, 0o755); err != nil {
		return err
	}
	var parts []*DB
	defer func() {
		for _, db := range parts {
			_ = db.Close()
		}
	}()
	for _, name := range names {
		path := filepath.Join(p.opts.Dir, safeName(name)+partExtension)
		if err := p.unit(ctx, name, path); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		db, err := Open(path)
		if err != nil {
			return err
		}
		parts = append(parts, db)
	}
	return Merge(dst, parts)
}

// unit brings one file up to date.
func (p *puller) unit(ctx context.Context, ecosystem, path string) error {
	whole, ok := p.edition.find(ecosystem)
	if !ok {
		return errNoPart
	}
	have := wholeID(path)
	if have == whole.To {
		return nil
	}
	if chain := p.chain(ecosystem, have, whole); len(chain) > 0 && !p.opts.Whole {
		if err := p.follow(ctx, path, chain); err == nil {
			return nil
		} else if ctx.Err() != nil {
			return ctx.Err()
		} else {
			p.out.Notes = append(p.out.Notes, err.Error())
		}
	}
	p.out.Bytes += whole.Size
	return fetchWhole(ctx, path, whole, p.open, p.opts.MaxBytes)
}

// wholeID is the snapshot of a file that is whole.
func wholeID(path string) boltseal.Digest {
	db, err := Open(path)
	if err != nil {
		return ""
	}
	defer db.Close()
	if db.Verify() != nil {
		return ""
	}
	return db.id
}

// chain are the deltas from one snapshot to the edition's, if they are worth
// it.
func (p *puller) chain(ecosystem string, from boltseal.Digest, whole EditionFile) []EditionFile {
	if from == "" {
		return nil
	}
	var back []EditionFile
	total := int64(0)
	for to := whole.To; to != from; {
		i := slices.IndexFunc(p.edition.Files, func(f EditionFile) bool {
			return f.Kind == FileDelta && f.Ecosystem == ecosystem && f.To == to
		})
		if i < 0 || len(back) > mostDeltas {
			return nil
		}
		f := p.edition.Files[i]
		if total += f.Size; total > whole.Size/2 {
			return nil
		}
		back = append(back, f)
		to = f.From
	}
	slices.Reverse(back)
	return back
}

// follow applies one delta after another, and puts the last result in place.
func (p *puller) follow(ctx context.Context, path string, chain []EditionFile) error {
	from := path
	for i, f := range chain {
		to := path
		if i < len(chain)-1 {
			to = fmt.Sprintf("%s.step%d", path, i)
			defer func() { _ = os.Remove(to) }()
		}
		p.out.Bytes += f.Size
		if err := p.step(ctx, from, to, f); err != nil {
			return err
		}
		p.out.Deltas++
		from = to
	}
	return nil
}

func (p *puller) step(ctx context.Context, from, to string, f EditionFile) error {
	db, err := Open(from)
	if err != nil {
		return err
	}
	defer db.Close()
	body, err := p.open(ctx, f)
	if err != nil {
		return err
	}
	defer body.Close()
	sum := sha256.New()
	most := min(f.Size, maxDelta)
	in := io.TeeReader(limit.Reader(body, most, tooLong("delta", most)), sum)
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if got := boltseal.Digest("sha256:" + hex.EncodeToString(sum.Sum(nil))); got != f.Digest {
		return fmt.Errorf("%w: a delta is %s, want %s", errDigest, got, f.Digest)
	}
	return patch(to, db, data, f.To)
}

// fetchWhole puts a whole file in place, if it is what the edition names.
func fetchWhole(ctx context.Context, path string, f EditionFile, open Opener, most int64) error {
	body, err := open(ctx, f)
	if err != nil {
		return err
	}
	defer body.Close()
	u := updater{opts: UpdateOptions{MaxBytes: most}}
	return atomicfile.Write(path, 0o644, func(out *os.File) error {
		sum, err := u.copyPlain(out, body)
		if err != nil {
			return err
		}
		if sum != string(f.Digest) {
			return fmt.Errorf("%w: the file is %s, want %s", errDigest, sum, f.Digest)
		}
		db, err := openFile(out)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.Verify(); err != nil {
			return err
		}
		if db.id != f.To {
			return fmt.Errorf("%w: want %s, have %s", errDigest, f.To, db.id)
		}
		return nil
	})
}
