package advisory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	"github.com/boltseal/boltseal"
)

// The file is a run of pages. Page 0 is the header: magic, version and the
// table of sections, closed by its own CRC. Sections begin on page borders.
// One of them, the sums, holds a CRC of every other page and is checked when
// the file is opened; the pages themselves are checked when they are first
// read. The table also holds the SHA-256 of every section, so that the
// digest of the header is a digest of everything: it is the snapshot's id.
// All numbers are little-endian. docs/design/0002-advisory-db.md says why.
const (
	magic       = "boltadv\n"
	formatMajor = 1
	formatMinor = 0

	pageSize    = 4096
	tableAt     = 64
	entrySize   = 64
	maxSections = (pageSize - tableAt - 4) / entrySize
)

// section kinds. A reader skips kinds that it does not know, unless the
// entry is flagged required: so later releases can add without breaking
// earlier ones, and can break them in so many words.
const (
	secMeta            = iota + 1 // JSON: built, feeds
	secSums                       // u32 CRC-32C of every page
	secEcosystems                 // names and counts
	secIndex                      // open-addressing hash: u32 hash, u32 offset+1 of the package
	secPackages                   // key and rows of each package, in order
	secStrings                    // raters and vectors: length and bytes
	secAdvisoryOffsets            // u32 each, in the order of the ids
	secAdvisories                 // length, id, where the text is, vulnerabilities
	secVulnOffsets                // u32 each, in the order of the ids
	secVulns                      // u32 length, id, aliases, ratings, EPSS, KEV
	secBlockOffsets               // u32 each, and the end
	secBlocks                     // texts, each block one zstd frame
	knownSections
)

const flagRequired = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// section is one entry of the table.
type section struct {
	kind, flags uint32
	off, len    uint64
	crc         uint32 // CRC-32C, of the sums only
	sum         [sha256.Size]byte
}

type header struct {
	size     uint64
	sections []section
}

func (h *header) encode() []byte {
	page := make([]byte, pageSize)
	copy(page, magic)
	le := binary.LittleEndian
	le.PutUint16(page[8:], formatMajor)
	le.PutUint16(page[10:], formatMinor)
	le.PutUint32(page[12:], pageSize)
	le.PutUint64(page[16:], h.size)
	le.PutUint32(page[24:], uint32(len(h.sections)))
	for i, s := range h.sections {
		e := page[tableAt+i*entrySize:]
		le.PutUint32(e[0:], s.kind)
		le.PutUint32(e[4:], s.flags)
		le.PutUint64(e[8:], s.off)
		le.PutUint64(e[16:], s.len)
		le.PutUint32(e[24:], s.crc)
		copy(e[32:entrySize], s.sum[:])
	}
	le.PutUint32(page[pageSize-4:], crc32.Checksum(page[:pageSize-4], castagnoli))
	return page
}

// decodeHeader reads page 0 of a file of that size.
func decodeHeader(page []byte, size uint64) (*header, error) {
	if len(page) < pageSize || string(page[:len(magic)]) != magic {
		return nil, ErrFormat
	}
	le := binary.LittleEndian
	if major := le.Uint16(page[8:]); major > formatMajor {
		return nil, fmt.Errorf("%w: format %d, this release reads %d: update boltseal", ErrFormat, major, formatMajor)
	} else if major < formatMajor {
		return nil, fmt.Errorf("%w: format %d, this release reads %d: run boltseal db update", ErrFormat, major, formatMajor)
	}
	if crc32.Checksum(page[:pageSize-4], castagnoli) != le.Uint32(page[pageSize-4:]) {
		return nil, fmt.Errorf("%w: the header's checksum is wrong", ErrCorrupt)
	}
	h := &header{size: le.Uint64(page[16:])}
	if h.size != size || size%pageSize != 0 || le.Uint32(page[12:]) != pageSize {
		return nil, fmt.Errorf("%w: %d bytes long, not %d", ErrCorrupt, size, h.size)
	}
	n := le.Uint32(page[24:])
	if n > maxSections {
		return nil, fmt.Errorf("%w: %d sections", ErrCorrupt, n)
	}
	for i := range int(n) {
		e := page[tableAt+i*entrySize:]
		s := section{
			kind: le.Uint32(e), flags: le.Uint32(e[4:]), off: le.Uint64(e[8:]), len: le.Uint64(e[16:]), crc: le.Uint32(e[24:]),
		}
		copy(s.sum[:], e[32:])
		if s.off < pageSize || s.off%pageSize != 0 || s.off > size || s.len > size-s.off {
			return nil, fmt.Errorf("%w: section %d lies outside of the file", ErrCorrupt, s.kind)
		}
		if s.kind >= knownSections && s.flags&flagRequired != 0 {
			return nil, fmt.Errorf("%w: it needs a part that this release does not know: update boltseal", ErrFormat)
		}
		h.sections = append(h.sections, s)
	}
	return h, nil
}

// digestOf is the digest of the whole file: of the header, which holds the
// digest of every section.
func digestOf(page []byte) boltseal.Digest {
	sum := sha256.Sum256(page[:pageSize])
	return boltseal.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// hashKey places a package in the index (FNV-1a, then a final mix, because
// the high bits choose the slot).
func hashKey(ecosystem uint32, name string) uint64 {
	h := uint64(14695981039346656037)
	h = (h ^ uint64(ecosystem)) * 1099511628211
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}
