package advisory

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
)

// DB is an open advisory database. All methods may be called from several
// goroutines at once, and any number of processes may have one file open:
// nobody locks anything. Every byte is compared with its checksum before it
// is first used, so that a damaged file ends in [ErrCorrupt] and never in
// another answer.
type DB struct {
	file  []byte
	unmap func() error
	close sync.Once
	gone  atomic.Bool

	sections [knownSections]section
	sums     []byte
	checked  []atomic.Uint32 // one bit for every page

	meta       meta
	id         boltseal.Digest
	ecosystems []Release
	byName     map[string]uint32
	folds      []folding

	readers sync.Pool // of *rowReader
	decoder func() (*zstd.Decoder, error)
	blocks  [64]atomic.Pointer[block]
}

// meta is the section of that name.
type meta struct {
	Built      time.Time       `json:"built,omitzero"`
	Feeds      []boltseal.Feed `json:"feeds"`
	Advisories int             `json:"advisories"`
	Vulns      int             `json:"vulns"`
	Packages   int             `json:"packages"`
	Records    int             `json:"records"`
	Inputs     string          `json:"inputs,omitempty"` // what an updater built it from
}

// errClosed is what a DB says after Close.
var errClosed = errors.New("the advisory database is closed")

// Open maps the database file of that name. Replacing the file afterwards
// does not disturb an open DB.
func Open(path string) (*DB, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open advisory database: %w", err)
	}
	defer f.Close()
	db, err := openFile(f)
	if err != nil {
		return nil, fmt.Errorf("open advisory database %s: %w", path, err)
	}
	return db, nil
}

func openFile(f *os.File) (*DB, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() < pageSize {
		return nil, ErrFormat
	}
	data, unmap, err := mapFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	db, err := open(data)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	db.unmap = unmap
	return db, nil
}

// open reads what every look-up needs: the header, the sums, the feeds and
// the names of the ecosystems.
func open(data []byte) (*DB, error) {
	h, err := decodeHeader(data, uint64(len(data)))
	if err != nil {
		return nil, err
	}
	db := &DB{file: data, id: digestOf(data), unmap: func() error { return nil }}
	for _, s := range h.sections {
		if s.kind < knownSections {
			db.sections[s.kind] = s
		}
	}
	if err := db.loadSums(); err != nil {
		return nil, err
	}
	db.decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecoderLowmem(true))
	})
	if err := db.loadMeta(); err != nil {
		return nil, err
	}
	return db, db.loadEcosystems()
}

func (db *DB) loadSums() error {
	s := db.sections[secSums]
	pages := uint64(len(db.file)) / pageSize
	if s.len != 4*pages {
		return fmt.Errorf("%w: %d bytes of checksums for %d pages", ErrCorrupt, s.len, pages)
	}
	db.sums = db.file[s.off : s.off+s.len]
	if crc32.Checksum(db.sums, castagnoli) != s.crc {
		return fmt.Errorf("%w: the checksums are not themselves", ErrCorrupt)
	}
	db.checked = make([]atomic.Uint32, (pages+31)/32)
	return nil
}

func (db *DB) loadMeta() error {
	b, err := db.whole(secMeta)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &db.meta); err != nil {
		return fmt.Errorf("%w: feeds: %w", ErrCorrupt, err)
	}
	return nil
}

func (db *DB) loadEcosystems() error {
	b, err := db.whole(secEcosystems)
	if err != nil {
		return err
	}
	c := cursor{b: b}
	n := c.count()
	db.ecosystems = make([]Release, 0, n)
	db.byName = make(map[string]uint32, n)
	for i := range n {
		r := Release{Ecosystem: string(c.bytes()), Packages: int(c.uint()), Records: int(c.uint())}
		db.ecosystems = append(db.ecosystems, r)
		db.byName[r.Ecosystem] = uint32(i)
		db.folds = append(db.folds, foldingOf(r.Ecosystem))
	}
	return c.err("ecosystems")
}

// Close gives the mapping back. Nothing that came from the database refers
// to it, so records outlive it; look-ups must have ended.
func (db *DB) Close() error {
	var err error
	db.close.Do(func() {
		db.gone.Store(true)
		err = db.unmap()
	})
	return err
}

// Snapshot names the data: content digest, age and state of every feed.
func (db *DB) Snapshot() *boltseal.Snapshot {
	return &boltseal.Snapshot{ID: string(db.id), Built: db.meta.Built, Feeds: slices.Clone(db.meta.Feeds)}
}

// Covers says whether the database has any record of the ecosystem, its
// release included: where it has none, having found nothing means nothing.
func (db *DB) Covers(ecosystem string) bool {
	_, ok := db.byName[Ecosystem(ecosystem)]
	return ok
}

// Releases lists every ecosystem and release that the database has records
// of, in the order of their names.
func (db *DB) Releases() []Release { return slices.Clone(db.ecosystems) }

// Verify reads the whole file and compares every checksum.
func (db *DB) Verify() error {
	if db.gone.Load() {
		return errClosed
	}
	h, err := decodeHeader(db.file, uint64(len(db.file)))
	if err != nil {
		return err
	}
	for page := uint64(1); page < uint64(len(db.file))/pageSize; page++ {
		if err := db.check(page); err != nil {
			return err
		}
	}
	for _, s := range h.sections {
		if sha256.Sum256(db.file[s.off:s.off+s.len]) != s.sum {
			return fmt.Errorf("%w: section %d is not what its digest says", ErrCorrupt, s.kind)
		}
	}
	// What no section holds is zero, so that one content has one file.
	sums := db.sections[secSums]
	end := sums.off + sums.len
	if len(bytes.Trim(db.file[end:], "\x00")) > 0 {
		return fmt.Errorf("%w: data behind the last section", ErrCorrupt)
	}
	return nil
}

// whole is all of a section.
func (db *DB) whole(kind int) ([]byte, error) { return db.bytes(kind, 0, db.sections[kind].len) }

// bytes is a part of a section, its pages checked.
func (db *DB) bytes(kind int, off, n uint64) ([]byte, error) {
	s := &db.sections[kind]
	if off > s.len || n > s.len-off {
		return nil, fmt.Errorf("%w: section %d ends before %d", ErrCorrupt, kind, off)
	}
	if n == 0 {
		return nil, nil
	}
	from := s.off + off
	for page := from / pageSize; page <= (from+n-1)/pageSize; page++ {
		if db.checked[page/32].Load()&(1<<(page%32)) == 0 {
			if err := db.check(page); err != nil {
				return nil, err
			}
		}
	}
	return db.file[from : from+n : from+n], nil
}

// check compares one page with its sum. The sums' own pages were compared
// as a whole.
func (db *DB) check(page uint64) error {
	s := &db.sections[secSums]
	if at := page * pageSize; at < s.off || at >= s.off+s.len {
		want := binary.LittleEndian.Uint32(db.sums[4*page:])
		if crc32.Checksum(db.file[at:at+pageSize], castagnoli) != want {
			return fmt.Errorf("%w: the checksum of the page at byte %d is wrong", ErrCorrupt, at)
		}
	}
	db.checked[page/32].Or(1 << (page % 32))
	return nil
}

// u32 is one number of a table of them.
func (db *DB) u32(kind int, i uint64) (uint32, error) {
	b, err := db.bytes(kind, 4*i, 4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// str is the string at an offset of the strings.
func (db *DB) str(off uint64) ([]byte, error) {
	s := &db.sections[secStrings]
	if off >= s.len {
		return nil, fmt.Errorf("%w: a string lies outside", ErrCorrupt)
	}
	head, err := db.bytes(secStrings, off, min(binary.MaxVarintLen32, s.len-off))
	if err != nil {
		return nil, err
	}
	n, k := binary.Uvarint(head)
	if k <= 0 {
		return nil, fmt.Errorf("%w: a string has no length", ErrCorrupt)
	}
	return db.bytes(secStrings, off+uint64(k), n)
}
