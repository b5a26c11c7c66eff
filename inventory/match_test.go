package inventory_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/inventory"
	"github.com/boltseal/boltseal/source/layer"
)

func TestPatterns(t *testing.T) {
	paths := []string{
		"a", "list", "x/list", "x/y/list", "x/list.d/one", "x/y/list.d/two/three", "list.d/four",
		"lib/db/a.list", "lib/db/sub/b.list", "lib/db/c.lists", "usr/lib/db/d.list",
		"x/foo-1.dist-info/METADATA", "foo.dist-info/METADATA", "x/dist-info/METADATA",
		"requirements.txt", "x/requirements-dev.txt", "x/my-requirements.txt", "requirements", "x/requirements-ci",
		".git/list", "x/.git/y/list", "x.git/list",
	}
	for _, test := range []struct {
		pattern string
		want    []string
	}{
		{"list", []string{"list"}},
		{"**/list", []string{"list", "x.git/list", "x/list", "x/y/list"}},
		{"x/list", []string{"x/list"}},
		{"**/x/list", []string{"x/list"}},
		{"*/list", []string{"x.git/list", "x/list"}},
		{"x/*/list", []string{"x/y/list"}},
		{"x/**", []string{
			"x/dist-info/METADATA", "x/foo-1.dist-info/METADATA", "x/list", "x/list.d/one", "x/my-requirements.txt",
			"x/requirements-ci", "x/requirements-dev.txt", "x/y/list", "x/y/list.d/two/three",
		}},
		{"**/list.d/**", []string{"list.d/four", "x/list.d/one", "x/y/list.d/two/three"}},
		{"lib/db/*.list", []string{"lib/db/a.list"}},
		{"**/*.list", []string{"lib/db/a.list", "lib/db/sub/b.list", "usr/lib/db/d.list"}},
		{"**/*.dist-info/METADATA", []string{"foo.dist-info/METADATA", "x/foo-1.dist-info/METADATA"}},
		{"**/requirements*.txt", []string{"requirements.txt", "x/requirements-dev.txt"}},
		{"**/requirements*", []string{"requirements", "requirements.txt", "x/requirements-ci", "x/requirements-dev.txt"}},
		{"x/requirements*", []string{"x/requirements-ci", "x/requirements-dev.txt"}},
		{"**/*req*ts*", []string{
			"requirements", "requirements.txt", "x/my-requirements.txt", "x/requirements-ci", "x/requirements-dev.txt",
		}},
	} {
		files := fstest.MapFS{}
		for _, name := range paths {
			files[name] = text("pkg:generic/" + strings.ReplaceAll(name, "/", "%2F"))
		}
		got, err := inventory.Read(t.Context(), files, &inventory.Options{
			Ecosystems: []inventory.Ecosystem{toy("toy", test.pattern)},
		})
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		var read []string
		for _, c := range got.Components {
			read = append(read, c.Locations[0].File)
		}
		slices.Sort(read)
		if diff := cmp.Diff(test.want, read); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.pattern, diff)
		}
	}
}

func TestBadPatterns(t *testing.T) {
	for _, pattern := range []string{"", "/", "/etc/x", "../x", "x/", "a/**/b", "**", "**/", "/**", "./x", "x//y", "**/**"} {
		_, err := inventory.Read(t.Context(), fstest.MapFS{}, &inventory.Options{
			Ecosystems: []inventory.Ecosystem{toy("toy", pattern)},
		})
		if err == nil {
			t.Errorf("pattern %q: got no error", pattern)
		}
	}
}

// FuzzPattern compares the matcher with a regular expression made of the
// pattern.
func FuzzPattern(f *testing.F) {
	f.Add("**/a*b/c", "x/aXb/c")
	f.Add("a/**", "a/b/c")
	f.Add("**/a/**", "x/a/b")
	f.Add("**/*.x", "a/b.x")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if !fs.ValidPath(name) || name == "." || strings.Contains(name+"/", ".git/") || len(pattern) > 100 {
			return
		}
		got, err := inventory.Read(t.Context(), fstest.MapFS{name: text("pkg:generic/x@1")}, &inventory.Options{
			Jobs: 1, Ecosystems: []inventory.Ecosystem{toy("toy", pattern)},
		})
		if err != nil {
			return
		}
		rest, any := strings.CutPrefix(pattern, "**/")
		rest, below := strings.CutSuffix(rest, "/**")
		expr := strings.ReplaceAll(regexp.QuoteMeta(rest), `\*`, `[^/]*`)
		if any {
			expr = `(.*/)?` + expr
		}
		if below {
			expr += `/.+`
		}
		want := regexp.MustCompile(`(?s)\A` + expr + `\z`).MatchString(name)
		if (len(got.Components) == 1) != want {
			t.Errorf("pattern %q, path %q: got %t, want %t", pattern, name, !want, want)
		}
	})
}

func TestSelect(t *testing.T) {
	for _, test := range []struct {
		path string
		size int64
		mode fs.FileMode
		want layer.Choice
	}{
		{"var/lib/dpkg/status", 9, 0o644, layer.Keep},
		{"var/lib/dpkg/info/libc6:amd64.list", 9, 0o644, layer.Keep},
		{"usr/share/doc/libc6/copyright", 9, 0o644, layer.Keep},
		{"lib/apk/db/installed", 9, 0o644, layer.Keep},
		{"usr/lib/sysimage/rpm/rpmdb.sqlite", 9, 0o644, layer.Keep},
		{"usr/lib/sysimage/rpm/rpmdb.sqlite-wal", 9, 0o644, layer.Keep},
		{"etc/os-release", 9, 0o644, layer.Keep},
		{"root/buildinfo/content_manifests/ubi9.json", 9, 0o644, layer.Keep},
		{"srv/app/node_modules/x/package.json", 9, 0o644, layer.Keep},
		{"var/lib/dpkg/status-old", 9, 0o644, layer.Sniff}, // no extension
		{"usr/share/zoneinfo/Europe/Berlin.tab", 900, 0o644, layer.Skip},
		{"srv/.git/objects/ab/cdef", 900, 0o644, layer.Skip},
		{"etc/os-release", 10, fs.ModeDir | 0o755, layer.Skip},
		{"etc/os-release", 10, fs.ModeSymlink | 0o777, layer.Skip},
		{"etc/os-release", 10, fs.ModeDevice | 0o755, layer.Skip},
		{"etc/os-release", 10, fs.ModeNamedPipe | 0o755, layer.Skip},
	} {
		got := inventory.Select(test.path, test.size, test.mode)
		if got == layer.Sniff && !sniffed() || test.want == layer.Sniff && !sniffed() {
			continue
		}
		if got != test.want {
			t.Errorf("%s (%v): got choice %d, want %d", test.path, test.mode, got, test.want)
		}
	}
}

// sniffed says whether any reader looks at content.
func sniffed() bool {
	for _, e := range inventory.Ecosystems() {
		for _, r := range e.Readers {
			if r.Sniff != nil {
				return true
			}
		}
	}
	return false
}

func BenchmarkSelect(b *testing.B) {
	paths := []string{
		"usr/share/zoneinfo/right/Europe/Berlin", "usr/lib/x86_64-linux-gnu/perl-base/unicore/To/Upper.pl",
		"srv/app/node_modules/express/lib/router/index.js", "srv/app/node_modules/express/package.json",
		"usr/lib/python3/dist-packages/pip/_vendor/urllib3/util/retry.py", "var/lib/dpkg/info/libc6:amd64.list",
		"usr/share/man/man8/" + path.Base("mount.8.gz"), "usr/bin/perl5.36.0",
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
