package inventory_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/inventory"
)

// elfWith is an ELF program that has sections of these names and nothing in
// them. Its headers stand behind pad bytes of code.
func elfWith(pad int, sections ...string) []byte {
	names := "\x00.shstrtab\x00"
	at := make([]int, len(sections))
	for i, s := range sections {
		at[i] = len(names)
		names += s + "\x00"
	}
	b := make([]byte, 64+pad)
	copy(b, "\x7fELF\x02\x01\x01")
	order := binary.LittleEndian
	order.PutUint16(b[16:], 3)
	table := len(b) + len(names)
	order.PutUint64(b[40:], uint64(table))
	order.PutUint16(b[58:], 64)
	order.PutUint16(b[60:], uint16(1+len(sections)))
	b = append(b, names...)
	header := func(name int, offset, size int) {
		h := make([]byte, 64)
		order.PutUint32(h, uint32(name))
		order.PutUint64(h[24:], uint64(offset))
		order.PutUint64(h[32:], uint64(size))
		b = append(b, h...)
	}
	header(1, 64+pad, len(names))
	for i := range sections {
		header(at[i], 64, 0)
	}
	return b
}

// TestAccept says which programs are worth keeping: all that a reader would
// say anything about, be it that it could not look inside.
func TestAccept(t *testing.T) {
	headless := elfWith(9000)
	clear(headless[40:48]) // no section headers: stripped of them, or packed
	cut := elfWith(9000, ".go.buildinfo")
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want bool
	}{
		{"C", elfWith(9000, ".text", ".data"), false},
		{"Go", elfWith(9000, ".text", ".go.buildinfo"), true},
		{"Go, large", elfWith(3<<20, ".text", ".go.buildinfo"), true},
		{"Go of this test", program, true},
		{"Rust, auditable", elfWith(100, ".text", ".dep-v0"), true},
		{"Rust, plain", elfWith(100, ".text", ".rustc"), false},
		{"no section headers", headless, true},
		{"cut off", cut[:len(cut)-30], false},
		{"script", []byte("#!/bin/sh\necho .go.buildinfo\n"), false},
		{"Java class", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x34" + strings.Repeat("x", 60)), false},
		{"empty", nil, false},
	} {
		if got := inventory.Accept("usr/bin/x", bytes.NewReader(c.data), int64(len(c.data))); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func BenchmarkAccept(b *testing.B) {
	data := elfWith(1<<20, ".text", ".data", ".bss", ".rodata", ".comment", ".symtab", ".strtab")
	b.ReportAllocs()
	for b.Loop() {
		if inventory.Accept("usr/bin/x", bytes.NewReader(data), int64(len(data))) {
			b.Fatal("accepted")
		}
	}
}
