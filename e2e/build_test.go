package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// engine is a Docker daemon of a test's own, without a network.
type engine struct{ env []string }

func ownEngine(t *testing.T) *engine {
	t.Helper()
	tool(t, "dockerd", "docker")
	if os.Geteuid() != 0 {
		skip(t, "dockerd needs root")
	}
	dir := socketDir(t)
	host := "unix://" + dir + "/docker.sock"
	start(t, exec.Command("dockerd", "--storage-driver=overlay2", "--data-root", dir+"/root", "--exec-root", dir+"/exec",
		"-H", host, "--pidfile", dir+"/pid", "--iptables=false", "--bridge=none"))
	e := &engine{env: append(os.Environ(), "DOCKER_HOST="+host, "DOCKER_BUILDKIT=0")}
	waitFor(t, "dockerd", func() error { _, err := e.docker(t, "info"); return err })
	return e
}

func (e *engine) docker(t *testing.T, args ...string) (string, error) {
	cmd := exec.CommandContext(t.Context(), "docker", args...)
	cmd.Env = e.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// build builds a folder without a network.
func (e *engine) build(t *testing.T, dir, tag string) {
	t.Helper()
	if out, err := e.docker(t, "build", "--network", "none", "-t", tag, dir); err != nil {
		content, _ := os.ReadFile(filepath.Join(dir, "Dockerfile"))
		t.Fatalf("build %s: %v\n%s\n%s", tag, err, content, out[max(0, len(out)-2000):])
	}
}

// output is what an image prints that is run as it is meant to be.
func (e *engine) output(t *testing.T, tag string, flags ...string) string {
	t.Helper()
	out, err := e.docker(t, append(append([]string{"run", "--rm", "--network", "none"}, flags...), tag)...)
	if err != nil {
		t.Fatalf("run %s: %v\n%s", tag, err, out)
	}
	return strings.TrimSpace(out)
}

// Dockerfiles build after all of their fixes, and what they build does the
// same as before: as another user than root, on a root that nobody can write.
func TestFixedDockerfilesBuild(t *testing.T) {
	e := ownEngine(t)
	if out, err := e.docker(t, "load", "--quiet", "--input", image(t, "debian-vuln")+"/docker.tar"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := e.docker(t, "load", "--quiet", "--input", image(t, "node")+"/docker.tar"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// The bases are Debian with the real programs, under the names of the
	// images that a registry would have.
	for _, c := range []struct {
		name, base string
		prepare    func(t *testing.T, dir string) string // the base's Dockerfile
		files      map[string]string
		after      string // user
	}{
		{
			name: "node", base: "node:24-trixie", after: "1000", prepare: nodeBase,
			files: map[string]string{
				"Dockerfile":        "FROM node:24-trixie\nCOPY . .\nRUN npm install --production\nEXPOSE 3000\nCMD node server.js\n",
				"package.json":      `{"name":"web","version":"1.0.0"}`,
				"package-lock.json": `{"name":"web","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"web","version":"1.0.0"}}}`,
				"server.js":         "console.log('served by ' + process.getuid())\n",
			},
		},
		{
			name: "go", base: "golang:1.26", after: "65532", prepare: goBase,
			files: map[string]string{
				"Dockerfile": "FROM golang:1.26\nCOPY . .\nRUN go build -o /app .\nEXPOSE 8080\nCMD /app\n",
				"go.mod":     "module example.com/app\n\ngo 1.26\n",
				"main.go":    "package main\n\nimport \"syscall\"\n\nfunc main() { println(\"served by\", syscall.Getuid()) }\n",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			write(t, base, "Dockerfile", c.prepare(t, base))
			e.build(t, base, c.base)
			write(t, base, "Dockerfile", "FROM debian-vuln:latest\nUSER 65532\n")
			for _, tag := range []string{"gcr.io/distroless/base-debian13:nonroot", "gcr.io/distroless/static-debian13:nonroot"} {
				e.build(t, base, tag)
			}
			dir := t.TempDir()
			for name, content := range c.files {
				write(t, dir, name, content)
			}
			e.build(t, dir, "before")
			if got := e.output(t, "before"); got != "served by 0" {
				t.Errorf("before the fix: %q", got)
			}
			boltseal(t, "lint", "--fix", "--unsafe", "--fail-on", "none", filepath.Join(dir, "Dockerfile")).ok(t)
			e.build(t, dir, "after")
			if got := e.output(t, "after", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"); got != "served by "+c.after {
				t.Errorf("after the fix: %q, want it served by %s", got, c.after)
			}
			again := boltseal(t, "lint", "--fail-on", "high", filepath.Join(dir, "Dockerfile"))
			again.ok(t)
		})
	}
}

// nodeBase is Debian's node with the host's npm and the image's user.
func nodeBase(t *testing.T, dir string) string {
	tool(t, "npm")
	at, err := exec.LookPath("npm")
	if err == nil {
		at, err = filepath.EvalSymlinks(at)
	}
	if err != nil {
		t.Fatal(err)
	}
	npm := filepath.Dir(filepath.Dir(at))
	if _, err := os.Stat(filepath.Join(npm, "node_modules")); err != nil {
		t.Skip("npm is spread over packages here, and cannot be taken along")
	}
	run(t, nil, "cp", "-a", npm, filepath.Join(dir, "npm"))
	return "FROM node:latest\nUSER 0\nENTRYPOINT []\nCMD [\"node\"]\nWORKDIR /\nCOPY npm /usr/local/lib/node_modules/npm\n" +
		"RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && groupadd -g 1000 node && useradd -u 1000 -g node -m node\n"
}

// goBase is Debian with the host's Go.
func goBase(t *testing.T, dir string) string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot := strings.TrimSpace(string(root))
	if runtime.GOOS != "linux" {
		t.Skip("the host's Go is for another system")
	}
	run(t, nil, "tar", "-C", filepath.Dir(goroot), "--exclude=go/test", "--exclude=go/doc", "--exclude=go/api", "--transform=s,^"+filepath.Base(goroot)+",go,", "-cf", filepath.Join(dir, "go.tar"), filepath.Base(goroot))
	return "FROM debian-vuln:latest\nADD go.tar /usr/local/\n" +
		"ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin GOTOOLCHAIN=local\nWORKDIR /go\n"
}
