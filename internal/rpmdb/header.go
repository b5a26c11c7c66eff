package rpmdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
)

// Tag names one fact of a package (rpm documentation, "RPM Tags").
type Tag uint32

// The tags that boltseal asks for.
const (
	Name            Tag = 1000
	Version         Tag = 1001
	Release         Tag = 1002
	Epoch           Tag = 1003
	Vendor          Tag = 1011
	License         Tag = 1014
	Packager        Tag = 1015
	Arch            Tag = 1022
	OldFileNames    Tag = 1027
	SourceRPM       Tag = 1044
	ProvideName     Tag = 1047
	RequireName     Tag = 1049
	DirIndexes      Tag = 1116
	BaseNames       Tag = 1117
	DirNames        Tag = 1118
	ModularityLabel Tag = 5096
)

// The types of values.
const (
	typeInt32       = 4
	typeString      = 6
	typeStringArray = 8
	typeI18NString  = 9
)

// Header is all that the database knows of one package (rpm documentation,
// "RPM v4 package format", section "Header").
type Header struct {
	index []byte // 16 bytes an entry: tag, type, offset, count
	data  []byte
}

var errHeader = errors.New("broken package header")

// parse takes the blob of the database: the two lengths, index and data. The
// header refers to the blob.
func (h *Header) parse(blob []byte) error {
	if len(blob) < 8 {
		return errHeader
	}
	entries, size := uint64(binary.BigEndian.Uint32(blob)), uint64(binary.BigEndian.Uint32(blob[4:]))
	blob = blob[8:]
	if entries*16+size > uint64(len(blob)) {
		return errHeader
	}
	h.index, h.data = blob[:entries*16], blob[entries*16:entries*16+size]
	return nil
}

// find gives an entry's data from its start to the end of all data.
func (h *Header) find(tag Tag) (kind, count uint32, data []byte) {
	for e := h.index; len(e) >= 16; e = e[16:] {
		if Tag(binary.BigEndian.Uint32(e)) != tag {
			continue
		}
		offset := binary.BigEndian.Uint32(e[8:])
		if uint64(offset) > uint64(len(h.data)) {
			return 0, 0, nil
		}
		return binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[12:]), h.data[offset:]
	}
	return 0, 0, nil
}

// Text is the tag's only or first string, empty when there is none.
func (h *Header) Text(tag Tag) string {
	for s := range h.Texts(tag) {
		return string(s)
	}
	return ""
}

// Texts gives each string of the tag. The bytes belong to the header.
func (h *Header) Texts(tag Tag) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		kind, count, data := h.find(tag)
		switch kind {
		case typeString:
			count = 1
		case typeStringArray, typeI18NString:
		default:
			return
		}
		for range count {
			s, rest, ok := bytes.Cut(data, []byte{0})
			if !ok || !yield(s) {
				return
			}
			data = rest
		}
	}
}

// Number is the tag's first number, and false when there is none.
func (h *Header) Number(tag Tag) (uint32, bool) {
	numbers := h.numbers(tag)
	if len(numbers) < 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(numbers), true
}

// numbers gives the bytes of an array of 32-bit numbers.
func (h *Header) numbers(tag Tag) []byte {
	kind, count, data := h.find(tag)
	if kind != typeInt32 || uint64(count)*4 > uint64(len(data)) {
		return nil
	}
	return data[:count*4]
}

// Files gives the folder, with its final slash, and the name of each file of
// the package. The bytes belong to the header.
func (h *Header) Files() iter.Seq2[[]byte, []byte] {
	return func(yield func(folder, name []byte) bool) {
		var folders [][]byte
		for folder := range h.Texts(DirNames) {
			folders = append(folders, folder)
		}
		indexes := h.numbers(DirIndexes)
		for name := range h.Texts(BaseNames) {
			if len(indexes) < 4 {
				return
			}
			i := binary.BigEndian.Uint32(indexes)
			indexes = indexes[4:]
			if uint64(i) < uint64(len(folders)) && !yield(folders[i], name) {
				return
			}
		}
		// Packages of rpm 3 have whole paths.
		for path := range h.Texts(OldFileNames) {
			slash := bytes.LastIndexByte(path, '/') + 1
			if !yield(path[:slash], path[slash:]) {
				return
			}
		}
	}
}
