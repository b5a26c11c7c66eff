package image_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// tree writes a folder: "name" with a text, or "name -> target" for a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name, to, isLink := strings.Cut(name, " -> ")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if isLink {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// slim makes an image of files, and of it the smaller one; it gives what that
// holds.
func slim(t *testing.T, files map[string]string, spec image.Spec, o image.SlimOptions) (*image.Slimmed, map[string]string) {
	t.Helper()
	spec.Files, spec.Platform = []image.Source{{From: tree(t, files)}}, "linux/amd64"
	out := t.TempDir()
	write(t, "oci:"+out+":before", build(t, &spec))
	s, err := source.Open(t.Context(), "oci:"+out+":before", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := layer.Read(t.Context(), s.Blobs, &layer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o.TempDir, o.Epoch, o.Author = t.TempDir(), epoch, "test"
	small, err := image.Slim(t.Context(), s, f, &o)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Image.Close()
	write(t, "oci:"+out+":after", small.Image)
	return small, contents(t, "oci:"+out+":after")
}

// system is an image with a program that needs some of it.
var system = map[string]string{
	"bin -> usr/bin": "", "usr/bin/dash": "shell", "usr/bin/sh -> dash": "", "usr/bin/apt": "apt", "usr/bin/env": "env",
	"app/run.sh":      "#!/bin/sh\nset -e\nif [ -f /etc/extra ]; then . /etc/extra; fi\nexec tool --config /etc/app/app.conf \"$@\"\n",
	"opt/tool/bin/it": "#!/usr/bin/env -S python3 -u\nimport json\n", "usr/local/bin/tool -> /opt/tool/bin/it": "",
	"usr/bin/python3 -> python3.11": "", "usr/bin/python3.11": "python", "usr/lib/python3.11/json.py": "json", "usr/lib/python3.11/idlelib/idle.py": "no",
	"usr/lib/python3/dist-packages/pip/__init__.py": "no", "usr/lib/python3/dist-packages/flask/__init__.py": "yes",
	"etc/app/app.conf": "x", "etc/extra": "y", "etc/other.conf": "no", "srv/data/a": "a", "srv/data/more -> ../more": "", "srv/more/b": "b", "plug/in.so": "p", "usr/share/doc/python3/readme": "no",
	"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "etc/ssl/certs/ca.pem -> /usr/share/ca-certificates/ca.crt": "", "usr/share/ca-certificates/ca.crt": "ca",
	"var/lib/dpkg/status": "Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5.12\n\n" +
		"Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.6.1\n\n" +
		"Package: python3.11\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.11.2\n",
	"var/lib/dpkg/info/dash.list":             "/.\n/bin\n/bin/dash\n/usr\n/usr/share/doc/dash\n",
	"var/lib/dpkg/info/apt.list":              "/.\n/usr\n/usr/bin\n/usr/bin/apt\n",
	"var/lib/dpkg/info/python3.11:amd64.list": "/usr/bin/python3.11\n",
}

func TestSlim(t *testing.T) {
	small, got := slim(t, system, image.Spec{Entrypoint: []string{"/app/run.sh"}, User: "0", Env: map[string]string{"DATA": "/srv/data", "HOME": "/etc"}},
		image.SlimOptions{Keep: []string{"/plug*"}})
	for _, name := range []string{
		"app/run.sh", "bin", "usr/bin/sh", "usr/bin/dash", "etc/extra", "etc/app/app.conf", "usr/local/bin/tool", "opt/tool/bin/it", "usr/bin/env",
		"usr/bin/python3", "usr/bin/python3.11", "usr/lib/python3.11/json.py", "usr/lib/python3/dist-packages/flask/__init__.py", "srv/data/a", "srv/more/b", "plug/in.so",
		"etc/ssl/certs/ca.pem", "usr/share/ca-certificates/ca.crt", "var/lib/dpkg/status.d/dash", "var/lib/dpkg/status.d/python3.11",
	} {
		if got[name] == "" {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range []string{
		"usr/bin/apt", "usr/lib/python3.11/idlelib/idle.py", "usr/lib/python3/dist-packages/pip/__init__.py", "etc/other.conf",
		"var/lib/dpkg/status", "var/lib/dpkg/info/dash.list", "var/lib/dpkg/status.d/apt", "usr/share/doc/python3/readme",
	} {
		if got[name] != "" {
			t.Errorf("%s is still there", name)
		}
	}
	if small.Packages != 2 || small.Left != 9 || len(small.Gaps) != 0 {
		t.Errorf("%d packages, %d files left out, gaps %v", small.Packages, small.Left, small.Gaps)
	}
	if user := small.Image.Config.Config.User; user != "65532:65532" || !strings.Contains(got["etc/passwd"], "nonroot:x:65532:") || len(small.Notes) != 1 {
		t.Errorf("it runs as %s, notes %q, accounts %s", user, small.Notes, got["etc/passwd"])
	}
}

func TestSlimKeepsItsUser(t *testing.T) {
	for user, keep := range map[string]bool{"1000": false, "0": true} {
		small, _ := slim(t, system, image.Spec{Entrypoint: []string{"/usr/bin/env"}, User: user}, image.SlimOptions{KeepUser: keep})
		if got := small.Image.Config.Config.User; got != user+":"+user {
			t.Errorf("user %s became %s", user, got)
		}
	}
}

func TestSlimUsed(t *testing.T) {
	_, got := slim(t, system, image.Spec{Entrypoint: []string{"/usr/bin/env"}}, image.SlimOptions{Used: []string{"/bin/apt", "/not/there"}})
	if got["usr/bin/apt"] == "" || got["bin"] == "" {
		t.Error("what a run used is gone")
	}
}

// TestSlimProgram follows a real program's libraries.
func TestSlimProgram(t *testing.T) {
	const program = "/bin/ls"
	data, err := os.ReadFile(program)
	if err != nil {
		t.Skipf("this machine has no %s: %v", program, err)
	}
	files := map[string]string{"usr/bin/ls": string(data)}
	var libs []string
	for _, pattern := range []string{"/lib/*-linux-gnu/libc.so.6", "/lib/*-linux-gnu/libselinux.so.1", "/lib/*-linux-gnu/libpcre2-8.so.0", "/lib64/ld-linux*.so.2", "/lib/ld-linux-*.so.1"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			lib, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimPrefix(name, "/")] = string(lib)
			libs = append(libs, strings.TrimPrefix(name, "/"))
		}
	}
	if len(libs) < 2 {
		t.Skip("this machine has no glibc where Debian has it")
	}
	files["usr/lib/libunused.so.1"] = "no"
	small, got := slim(t, files, image.Spec{Entrypoint: []string{"ls", "-l"}}, image.SlimOptions{})
	for _, name := range libs {
		if got[name] == "" {
			t.Errorf("%s is gone", name)
		}
	}
	if got["usr/lib/libunused.so.1"] != "" || len(small.Gaps) != 0 {
		t.Errorf("unused library %q, gaps %v", got["usr/lib/libunused.so.1"], small.Gaps)
	}
	delete(files, libs[0])
	small, _ = slim(t, files, image.Spec{Entrypoint: []string{"ls"}}, image.SlimOptions{})
	if !slices.ContainsFunc(small.Gaps, func(g boltseal.Gap) bool { return g.What == filepath.Base(libs[0]) }) {
		t.Errorf("a missing library is no gap: %v", small.Gaps)
	}
}

func TestSlimGaps(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no such program": {"a": "a"},
		"no shell script": {"bin/sh": "sh", "run": "#!/bin/sh\nif then fi ((\n"},
	} {
		small, _ := slim(t, files, image.Spec{Entrypoint: []string{"/run"}}, image.SlimOptions{})
		if len(small.Gaps) != 1 || !strings.Contains(small.Gaps[0].Why, name) {
			t.Errorf("%s: gaps %v", name, small.Gaps)
		}
	}
	small, _ := slim(t, map[string]string{"run -> loop": "", "loop -> run": "", "x": "x"}, image.Spec{Entrypoint: []string{"/run"}}, image.SlimOptions{})
	if len(small.Gaps) != 1 {
		t.Errorf("links that go round: %v", small.Gaps)
	}
}

// TestSlimAPK leaves of apk's list what is still there.
func TestSlimAPK(t *testing.T) {
	_, got := slim(t, map[string]string{
		"bin/busybox": "b", "bin/sh -> busybox": "", "usr/bin/curl": "c", "run": "#!/bin/sh\necho\n",
		"lib/apk/db/installed": "C:Q1\nP:busybox\nV:1.36\nF:bin\nR:busybox\n\nC:Q1\nP:curl\nV:8\nF:usr/bin\nR:curl\n\n",
	}, image.Spec{Entrypoint: []string{"/run"}}, image.SlimOptions{})
	want := "-rw-r--r-- C:Q1\nP:busybox\nV:1.36\nF:bin\nR:busybox\n\n"
	if diff := cmp.Diff(want, got["lib/apk/db/installed"]); diff != "" {
		t.Error(diff)
	}
}
