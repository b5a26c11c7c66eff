package exe_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/exe"
)

// find opens a program and gives one of its sections.
func find(r io.ReaderAt, size int64, names ...string) (*io.SectionReader, error) {
	p, err := exe.Open(r, size)
	if err != nil {
		return nil, err
	}
	section, err := p.Section(names...)
	if section == nil && err == nil && p.Has(names...) {
		return nil, errors.New("it has a section that it does not have")
	}
	return section, err
}

// TestSelf compares with debug/elf what this test's own program has.
func TestSelf(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	want, err := elf.NewFile(f)
	if err != nil {
		t.Skipf("no ELF program here: %v", err)
	}
	for _, name := range []string{".go.buildinfo", ".text", ".rodata"} {
		data, err := want.Section(name).Data()
		if err != nil {
			t.Fatal(err)
		}
		got, err := find(f, info.Size(), "nothing", name)
		if err != nil || got == nil {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		all, err := io.ReadAll(got)
		if err != nil || !bytes.Equal(all, data) {
			t.Errorf("%s: %d bytes, want %d: %v", name, len(all), len(data), err)
		}
	}
	if got, err := find(f, info.Size(), ".none"); got != nil || err != nil {
		t.Errorf("missing section: %v, %v", got, err)
	}
}

// peFile is a Windows program with one section.
func peFile(name, data string) string {
	b := make([]byte, 64+24+40)
	copy(b, "MZ")
	b[60] = 64
	copy(b[64:], "PE\x00\x00")
	b[64+6] = 1
	copy(b[88:], name)
	binary.LittleEndian.PutUint32(b[88+8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(b[88+16:], 512)
	binary.LittleEndian.PutUint32(b[88+20:], uint32(len(b)))
	return string(b) + data + strings.Repeat("\x00", 512-len(data))
}

// machFile is a Mach-O program with one section.
func machFile(name, data string) string {
	b := make([]byte, 32+72+80)
	order := binary.LittleEndian
	order.PutUint32(b, 0xfeedfacf)
	order.PutUint32(b[16:], 1)
	order.PutUint32(b[32:], 0x19)
	order.PutUint32(b[36:], 72+80)
	order.PutUint32(b[32+64:], 1)
	copy(b[104:], name)
	order.PutUint64(b[104+40:], uint64(len(data)))
	order.PutUint32(b[104+48:], uint32(len(b)))
	return string(b) + data
}

func fatFile(inner string) string {
	b := make([]byte, 64)
	order := binary.BigEndian
	order.PutUint32(b, 0xcafebabe)
	order.PutUint32(b[4:], 1)
	order.PutUint32(b[16:], 64)
	order.PutUint32(b[20:], uint32(len(inner)))
	return string(b) + inner
}

func TestFormats(t *testing.T) {
	for name, data := range map[string]string{
		"PE": peFile(".dep-v0", "hello"), "Mach-O": machFile(".dep-v0", "hello"), "fat": fatFile(machFile(".dep-v0", "hello")),
	} {
		if !exe.Is([]byte(data[:64])) {
			t.Errorf("%s: not recognised", name)
		}
		got, err := find(strings.NewReader(data), int64(len(data)), ".dep-v0")
		if err != nil || got == nil {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		if all, err := io.ReadAll(got); string(all) != "hello" || err != nil {
			t.Errorf("%s: %q, %v", name, all, err)
		}
	}
}

func TestBad(t *testing.T) {
	class := "\xca\xfe\xba\xbe\x00\x00\x00\x34" + strings.Repeat("x", 60)
	headless := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 57)
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"empty": {"", exe.ErrFormat}, "text": {"#!/bin/sh", exe.ErrFormat}, "class": {class, exe.ErrFormat},
		"short ELF": {"\x7fELF", exe.ErrFormat}, "no sections": {headless, exe.ErrNoSections}, "short PE": {"MZ", exe.ErrFormat},
		"cut off": {machFile("x", "y")[:100], exe.ErrFormat},
	} {
		if _, err := find(strings.NewReader(c.data), int64(len(c.data)), "x"); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(peFile(".dep-v0", "hello")))
	f.Add([]byte(machFile(".dep-v0", "hello")))
	f.Add([]byte(fatFile(machFile(".dep-v0", "hello"))))
	head := make([]byte, 64+3*64+16)
	copy(head, "\x7fELF\x02\x01\x01")
	head[40], head[58], head[60], head[62] = 64, 64, 2, 1
	f.Add(head)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := find(bytes.NewReader(data), int64(len(data)), ".dep-v0", "")
		if err != nil || got == nil {
			return
		}
		if all, err := io.ReadAll(got); err != nil || int64(len(all)) != got.Size() {
			t.Errorf("section of %d bytes gave %d: %v", got.Size(), len(all), err)
		}
	})
}
