package bpf_test

import (
	"encoding/binary"
	"testing"

	"github.com/boltseal/boltseal/sensor/bpf"
)

// record is a header of the given kind with parts behind it, as the kernel
// writes them.
func record(kind bpf.Kind, parts map[bpf.Tag]string, order ...bpf.Tag) []byte {
	raw := make([]byte, 192)
	binary.NativeEndian.PutUint64(raw, 42)
	binary.NativeEndian.PutUint16(raw[12:], uint16(kind))
	binary.NativeEndian.PutUint32(raw[16:], 7)
	copy(raw[176:], "sleep\x00junk")
	for _, tag := range order {
		raw = binary.NativeEndian.AppendUint16(raw, uint16(tag))
		raw = binary.NativeEndian.AppendUint16(raw, uint16(len(parts[tag])))
		raw = append(raw, parts[tag]...)
	}
	binary.NativeEndian.PutUint32(raw[8:], uint32(len(raw)))
	return raw
}

func TestDecode(t *testing.T) {
	raw := record(bpf.KindExec, map[bpf.Tag]string{bpf.TagExePath: "sleep\x00bin\x00usr\x00", bpf.TagArgv: "sleep\x001\x00"}, bpf.TagExePath, bpf.TagArgv)
	var h bpf.Header
	if err := bpf.Decode(raw, &h); err != nil || h.Time != 42 || h.Kind != bpf.KindExec || h.TGID != 7 || h.Comm != "sleep" {
		t.Errorf("%+v, %v", h, err)
	}
	got := map[bpf.Tag]string{}
	for tag, part := range bpf.Parts(raw) {
		got[tag] = string(part)
	}
	if len(got) != 2 || bpf.Path([]byte(got[bpf.TagExePath])) != "/usr/bin/sleep" || got[bpf.TagArgv] != "sleep\x001\x00" {
		t.Errorf("%v", got)
	}
	for _, bad := range [][]byte{nil, raw[:100], append([]byte(nil), raw[:192]...)} {
		if bpf.Decode(bad, &h) == nil {
			t.Errorf("%d bytes were read", len(bad))
		}
	}
}

func TestPath(t *testing.T) {
	for in, want := range map[string]string{"": "/", "a\x00": "/a", "a\x00b\x00": "/b/a", "cut": "/cut", "x\x00\x00y\x00": "/y//x"} {
		if got := bpf.Path([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(record(bpf.KindSyscall, map[bpf.Tag]string{bpf.TagFD: "0123456789012345678901234567890123456789"}, bpf.TagFD))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h bpf.Header
		if bpf.Decode(raw, &h) == nil && int(h.Size) > len(raw) {
			t.Error("longer than it is")
		}
		for _, part := range bpf.Parts(raw) {
			bpf.DecodeFile(part)
			bpf.DecodeSock(part)
			if p := bpf.Path(part); p == "" || p[0] != '/' {
				t.Errorf("path %q", p)
			}
		}
	})
}
