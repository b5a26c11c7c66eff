package inventory_test

import (
	"io/fs"
	"testing"

	"github.com/boltseal/boltseal/inventory"
	"github.com/boltseal/boltseal/source/layer"
)

func BenchmarkSelect(b *testing.B) {
	paths := []string{
		"usr/share/zoneinfo/right/Europe/Berlin", "usr/lib/x86_64-linux-gnu/perl-base/unicore/To/Upper.pl",
		"srv/app/node_modules/express/lib/router/index.js", "srv/app/node_modules/express/package.json",
		"usr/lib/python3/dist-packages/pip/_vendor/urllib3/util/retry.py", "var/lib/dpkg/info/libc6:amd64.list",
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		inventory.Select(paths[i%len(paths)], 4096, 0o644)
		i++
	}
}

func BenchmarkSelectExecutable(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		inventory.Select("usr/lib/x86_64-linux-gnu/libcrypto.so.3", 4096, 0o755)
	}
}

func TestSelectSkipsWhatHasNoContent(t *testing.T) {
	for _, mode := range []fs.FileMode{fs.ModeDir, fs.ModeSymlink, fs.ModeDevice, fs.ModeNamedPipe} {
		if got := inventory.Select("etc/os-release", 10, mode|0o755); got != layer.Skip {
			t.Errorf("mode %v: got choice %d, want %d", mode, got, layer.Skip)
		}
	}
}
