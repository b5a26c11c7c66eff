package exe

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Mach-O as Apple's mach-o/loader.h and mach-o/fat.h describe it.

const (
	machSegment   = 0x1
	machSegment64 = 0x19
)

// machOrder is the byte order of a Mach-O file, or nil.
func machOrder(head []byte) binary.ByteOrder {
	if len(head) < 28 {
		return nil
	}
	switch magic := binary.BigEndian.Uint32(head); magic {
	case 0xfeedface, 0xfeedfacf:
		return binary.BigEndian
	case 0xcefaedfe, 0xcffaedfe:
		return binary.LittleEndian
	}
	return nil
}

// isFat says whether the file holds programs for several machines. Java
// classes begin alike; their fifth to eighth bytes are a version above 40.
func isFat(head []byte) bool {
	return len(head) >= 28 && binary.BigEndian.Uint32(head) == 0xcafebabe && binary.BigEndian.Uint32(head[4:]) < 40
}

// fatSections reads the first program.
func fatSections(r *io.SectionReader, head []byte) ([]section, error) {
	if binary.BigEndian.Uint32(head[4:]) == 0 {
		return nil, ErrFormat
	}
	offset := int64(binary.BigEndian.Uint32(head[16:]))
	inner := io.NewSectionReader(r, offset, max(0, r.Size()-offset))
	first, err := read(inner, 0, 32)
	if err != nil {
		return nil, err
	}
	if machOrder(first) == nil {
		return nil, ErrFormat
	}
	all, err := machSections(inner, first)
	for i := range all {
		all[i].offset += offset
	}
	return all, err
}

func machSections(r *io.SectionReader, head []byte) ([]section, error) {
	order := machOrder(head)
	at := int64(28)
	if head[0] == 0xcf || head[3] == 0xcf {
		at = 32
	}
	count := order.Uint32(head[16:])
	if count > maxCommands {
		return nil, fmt.Errorf("%w: %d load commands", ErrFormat, count)
	}
	var all []section
	for range count {
		command, err := read(r, at, 8)
		if err != nil {
			return nil, err
		}
		length := int64(order.Uint32(command[4:]))
		if length < 8 {
			return nil, fmt.Errorf("%w: a load command of %d bytes", ErrFormat, length)
		}
		kind := order.Uint32(command)
		if kind == machSegment || kind == machSegment64 {
			found, err := machSegmentSections(r, order, at, length, kind == machSegment64)
			if err != nil {
				return nil, err
			}
			if all = append(all, found...); len(all) > maxSections {
				return nil, fmt.Errorf("%w: more than %d sections", ErrFormat, maxSections)
			}
		}
		at += length
	}
	return all, nil
}

func machSegmentSections(r *io.SectionReader, order binary.ByteOrder, at, length int64, wide bool) ([]section, error) {
	header, entry, counts := int64(56), int64(68), 48
	if wide {
		header, entry, counts = 72, 80, 64
	}
	segment, err := read(r, at, header)
	if err != nil {
		return nil, err
	}
	count := int64(order.Uint32(segment[counts:]))
	if count > (length-header)/entry {
		return nil, fmt.Errorf("%w: %d sections in a segment of %d bytes", ErrFormat, count, length)
	}
	table, err := read(r, at+header, count*entry)
	if err != nil {
		return nil, err
	}
	var all []section
	for ; int64(len(table)) >= entry; table = table[entry:] {
		s := section{name: text(table[:16])}
		if wide {
			s.size, s.offset = int64(order.Uint64(table[40:])), int64(order.Uint32(table[48:]))
		} else {
			s.size, s.offset = int64(order.Uint32(table[36:])), int64(order.Uint32(table[40:]))
		}
		all = append(all, s)
	}
	return all, nil
}
