package source_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal/source"
)

// unpack writes a txtar tree: "NAME -> TARGET" is a symbolic link.
func unpack(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name, to, link := strings.Cut(f.Name, " -> ")
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if link {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, f.Data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const rootTree = `
-- etc/os-release -> /usr/lib/os-release --
-- usr/lib/os-release --
ID=debian
-- lib -> usr/lib --
-- lib64 -> /usr/lib --
-- usr/lib/up -> ../../../../../../etc/passwd --
-- etc/passwd --
root
-- loop -> /loop2 --
-- loop2 -> /loop --
-- self -> /self --
-- dangling -> /nowhere --
-- deep/a/b -> /deep/a --
-- top -> / --
-- outside -> OUTSIDE --
`

func TestRootFSLinks(t *testing.T) {
	outside := write(t, "secret", []byte("secret"))
	dir := unpack(t, strings.ReplaceAll(rootTree, "OUTSIDE", outside))
	root := mustOpen(t, "rootfs:"+dir, nil).Root
	for name, want := range map[string]string{
		"etc/os-release":               "ID=debian\n",
		"lib/os-release":               "ID=debian\n",
		"lib64/os-release":             "ID=debian\n",
		"usr/lib/up":                   "root\n", // ".." stops at the root
		"top/etc/passwd":               "root\n",
		"top/top/top/lib64/os-release": "ID=debian\n",
		"loop":                         "",
		"self":                         "",
		"dangling":                     "",
		"deep/a/b/b/b":                 "",
		"outside":                      "", // it leads nowhere inside
		"../etc/passwd":                "",
		"/etc/passwd":                  "",
		"etc":                          "",
		"":                             "",
	} {
		got, err := fs.ReadFile(root, name)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if entries, err := fs.ReadDir(root, "deep/a/b/b"); err != nil || len(entries) != 1 {
		t.Errorf("a folder through links: got %v, %v", entries, err)
	}
	if info, err := fs.Stat(root, "lib64"); err != nil || !info.IsDir() {
		t.Errorf("stat follows: got %v, %v", info, err)
	}
	links := root.(fs.ReadLinkFS)
	if info, err := links.Lstat("lib64"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("lstat does not: got %v, %v", info, err)
	}
	if to, err := links.ReadLink("top/lib64"); err != nil || to != "/usr/lib" {
		t.Errorf("readlink: got %q, %v", to, err)
	}
}

func TestDirLinks(t *testing.T) {
	outside := write(t, "secret", []byte("secret"))
	dir := unpack(t, `
-- a/package.json --
{}
-- inside -> a/package.json --
-- absolute -> `+outside+` --
-- up -> ../../../../../../../../../etc/passwd --
`)
	root := mustOpen(t, "dir:"+dir, nil).Root
	if got, err := fs.ReadFile(root, "inside"); err != nil || string(got) != "{}\n" {
		t.Errorf("a link inside: got %q, %v", got, err)
	}
	for _, name := range []string{"absolute", "up"} {
		if got, err := fs.ReadFile(root, name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %q, %v, want a refusal that is no absence", name, got, err)
		}
	}
}

func TestFSIsWellBehaved(t *testing.T) {
	dir := unpack(t, "-- a/b/c --\nx\n-- d --\ny\n-- e/f --\nz\n")
	for _, scheme := range []string{"dir:", "rootfs:"} {
		if err := fstest.TestFS(mustOpen(t, scheme+dir, nil).Root, "a/b/c", "d", "e/f"); err != nil {
			t.Errorf("%s %v", scheme, err)
		}
	}
	if err := fstest.TestFS(mustOpen(t, "file:"+filepath.Join(dir, "d"), nil).Root, "d"); err != nil {
		t.Error(err)
	}
}

func TestOpenFilesSeek(t *testing.T) {
	dir := unpack(t, "-- f --\n0123456789\n")
	for _, target := range []string{"dir:" + dir, "rootfs:" + dir, "file:" + filepath.Join(dir, "f")} {
		f, err := mustOpen(t, target, nil).Root.Open("f")
		if err != nil {
			t.Fatal(err)
		}
		var b [3]byte
		if _, err := f.(io.ReaderAt).ReadAt(b[:], 4); err != nil || string(b[:]) != "456" {
			t.Errorf("%s: got %q, %v", target, b, err)
		}
		if _, err := f.(io.Seeker).Seek(1, io.SeekStart); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Opening a pipe would wait for a writer, and a device may do anything.
func TestSpecialFiles(t *testing.T) {
	dir := unpack(t, "-- f --\nx\n")
	if err := mkfifo(filepath.Join(dir, "pipe")); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	if err := os.Symlink("pipe", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"dir:", "rootfs:"} {
		root := mustOpen(t, scheme+dir, nil).Root
		for _, name := range []string{"pipe", "link"} {
			if _, err := root.Open(name); err == nil || !strings.Contains(err.Error(), "not a regular file") {
				t.Errorf("%s%s: got %v", scheme, name, err)
			}
		}
	}
}

func TestProcIsHidden(t *testing.T) {
	dir := unpack(t, `
-- proc/self/maps --
-- proc/version --
Linux
-- proc/1/root/etc/passwd --
-- sys/kernel/x --
-- sys/class/x --
-- dev/x --
x
`)
	root := mustOpen(t, "rootfs:"+dir, nil).Root
	var got []string
	if err := fs.WalkDir(root, ".", func(name string, _ fs.DirEntry, err error) error {
		got = append(got, name)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{".", "dev", "dev/x", "proc", "sys"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := fs.ReadFile(root, "proc/version"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	project := mustOpen(t, "dir:"+dir, nil).Root
	if _, err := fs.ReadFile(project, "proc/version"); err != nil {
		t.Errorf("a project's folder of that name: %v", err)
	}
}

func TestSingleFileByLink(t *testing.T) {
	dir := unpack(t, "-- store/abc --\n{}\n-- app/package-lock.json -> ../store/abc --\n-- app/other --\nx\n")
	root := mustOpen(t, filepath.Join(dir, "app", "package-lock.json"), nil).Root
	if got, err := fs.ReadFile(root, "package-lock.json"); err != nil || string(got) != "{}\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := fs.Stat(root, "other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file beside it: got %v", err)
	}
}

func TestClosedSubject(t *testing.T) {
	dir := unpack(t, "-- f --\nx\n")
	s, err := source.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(s.Root, "f"); err == nil {
		t.Error("a closed subject can still be read")
	}
	if err := (*source.Subject)(nil).Close(); err != nil {
		t.Error(err)
	}
}
