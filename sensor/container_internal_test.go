package sensor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// id makes a container's id of one digit.
func id(digit string) string { return strings.Repeat(digit, 64) }

func TestIDOf(t *testing.T) {
	a := id("a")
	for _, c := range []struct{ leaf, above, want string }{
		{a, "docker", a}, {"docker-" + a + ".scope", "system.slice", a}, {"cri-containerd-" + a + ".scope", "kubepods", a},
		{"crio-" + a + ".scope", "kubepods", a}, {"crio-" + a, "x", a}, {"libpod-" + a + ".scope", "machine.slice", a}, {"container", "libpod-" + a + ".scope", a},
		{"libpod-payload-" + a, "x", a}, {"kubepods-besteffort.slice:cri-containerd:" + a, "x", a}, {"nerdctl-" + a + ".scope", "x", a},
		{"user.slice", "", ""}, {"/", "", ""}, {"crio-conmon-" + a + ".scope", "machine.slice", ""}, {"libpod-conmon-" + a + ".scope", "x", ""},
		{strings.ToUpper(a), "", ""}, {a[1:], "", ""}, {a + "0", "", ""},
	} {
		if got := idOf(c.leaf, c.above); got != c.want {
			t.Errorf("%s below %s: %q, want %q", c.leaf, c.above, got, c.want)
		}
	}
}

// Each engine's own files give a container its name, image and more.
func TestContainers(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/engines.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	expand := strings.NewReplacer("AAAA", id("a"), "BBBB", id("b"), "CCCC", id("c"), "DDDD", id("d"))
	for _, f := range archive.Files {
		name := filepath.Join(root, expand.Replace(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(expand.Replace(string(f.Data))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cs := containers{root: root, byID: map[string]*Container{}}
	got := map[string]string{}
	for _, digit := range []string{"a", "b", "c", "d", "e"} {
		c := cs.find(id(digit), "", 1)
		got[digit] = strings.Join([]string{c.Engine, c.Name, c.Repository, c.Tag, string(c.Digest), c.Namespace + "/" + c.Pod, word(c.Privileged, "privileged"), word(c.HostNetwork, "hostnet"), mounts(c)}, " ")
	}
	want := map[string]string{
		"a": "docker web registry.example.com:5000/acme/web 1.2  / privileged hostnet /srv:/data::true:",
		"b": "containerd app ghcr.io/acme/app 3 sha256:" + id("9") + " shop/app-7d - - /etc/pki:/pki::false:",
		"c": "cri-o db docker.io/library/postgres 16  data/db-0 - hostnet ",
		"d": "podman tool docker.io/library/alpine latest  / - hostnet ",
		"e": "     / - - ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c := cs.find("user.slice", "", 1); c != nil {
		t.Errorf("the host is taken for container %+v", c)
	}
}

func word(b bool, yes string) string {
	if b {
		return yes
	}
	return "-"
}

func mounts(c *Container) string {
	var out []string
	for _, m := range c.Mounts {
		out = append(out, m.String())
	}
	return strings.Join(out, ",")
}
