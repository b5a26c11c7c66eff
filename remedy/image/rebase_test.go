package image_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// stack writes an image of a base and one layer of files on it.
func stack(t *testing.T, base *source.Subject, where string, files []image.File, env []string) *source.Subject {
	t.Helper()
	i, err := image.From(base)
	if err != nil {
		t.Fatal(err)
	}
	l, err := image.NewLayer(t.Context(), files, t.TempDir(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	i.Add(l, "COPY app /app")
	i.Config.Config.Env = append(i.Config.Config.Env, env...)
	i.Config.Config.Cmd = []string{"/app"}
	t.Cleanup(func() { _ = i.Close() })
	write(t, where, i)
	return open(t, where)
}

func open(t *testing.T, where string) *source.Subject {
	t.Helper()
	s, err := source.Open(t.Context(), where, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func read(t *testing.T, s *source.Subject) *layer.FS {
	t.Helper()
	f, err := layer.Read(t.Context(), s.Blobs, &layer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestRebase(t *testing.T) {
	out := t.TempDir()
	base := func(tag, version, lib, user string) *source.Subject {
		where := "oci:" + out + ":" + tag
		write(t, where, build(t, &image.Spec{
			Files:    []image.Source{{From: tree(t, map[string]string{"etc/os-release": "ID=debian\nVERSION_ID=" + version + "\n", "usr/lib/libx.so": lib, "var/lib/dpkg/status": "x" + lib})}},
			Platform: "linux/amd64", User: user, Env: map[string]string{"BASE": lib},
		}))
		return open(t, where)
	}
	v1, v2, next := base("v1", "12", "old", "1"), base("v2", "12", "new", "2"), base("v3", "13", "next", "2")
	app := stack(t, v1, "oci:"+out+":app", []image.File{image.Bytes("app", 0o755, []byte("app"))}, []string{"APP=1"})
	done, err := image.Rebase(app, v1, v2, read(t, app), read(t, v2))
	if err != nil {
		t.Fatal(err)
	}
	if done.Layers != 1 || len(done.Reasons) != 0 {
		t.Errorf("%d layers, reasons %q", done.Layers, done.Reasons)
	}
	write(t, "oci:"+out+":rebased", done.Image)
	after := open(t, "oci:"+out+":rebased")
	files := read(t, after)
	if data, err := files.ReadFile("usr/lib/libx.so"); string(data) != "new" || err != nil {
		t.Errorf("the library is %q, %v", data, err)
	}
	if data, err := files.ReadFile("app"); string(data) != "app" || err != nil {
		t.Errorf("the application is %q, %v", data, err)
	}
	c := done.Image.Config.Config
	if !slices.Contains(c.Env, "BASE=new") || slices.Contains(c.Env, "BASE=old") || !slices.Contains(c.Env, "APP=1") || c.User != "2:2" || c.Cmd[0] != "/app" {
		t.Errorf("configuration %+v", c)
	}
	if h := done.Image.Config.History; len(h) != 2 || h[1].CreatedBy != "COPY app /app" {
		t.Errorf("history %+v", h)
	}

	// Another release, packages in the application's layers, files of the system.
	heavy := stack(t, v1, "oci:"+out+":heavy", []image.File{image.Bytes("var/lib/dpkg/status", 0o644, []byte("y")), image.Bytes("usr/lib/libx.so", 0o644, []byte("z"))}, nil)
	done, err = image.Rebase(heavy, v1, next, read(t, heavy), read(t, next))
	if err != nil || len(done.Reasons) != 3 {
		t.Fatalf("reasons %q, %v", done.Reasons, err)
	}
	for n, want := range []string{"another release", "installs packages", "1 files of the system"} {
		if !strings.Contains(done.Reasons[n], want) {
			t.Errorf("reason %d: %s", n, done.Reasons[n])
		}
	}
	for _, wrong := range []*source.Subject{v2, app} {
		if _, err := image.Rebase(app, wrong, v2, read(t, app), read(t, v2)); err == nil {
			t.Errorf("%s passes for the base", wrong.Artifact.Name)
		}
	}
}
