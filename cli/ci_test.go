package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/cli"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// ci runs the scripts of the templates for CI with a curl that fetches
// nothing: it hands out a program that is boltseal, but for the database.
type ci struct {
	t              *testing.T
	shell          []string
	dir            string
	digest, output string
}

func newCI(t *testing.T, shell ...string) *ci {
	t.Helper()
	if _, err := exec.LookPath(shell[0]); err != nil {
		t.Skipf("the templates are not run: there is no %s here", shell[0])
	}
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("the templates are not run: there is no sha256sum here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &ci{t: t, shell: shell, dir: dir, output: filepath.Join(dir, "output")}
	for _, sub := range []string{"bin", "real", "work", "temp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, filepath.Join(dir, "real", "boltseal")); err != nil {
		t.Fatal(err)
	}
	release := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %[1]s/calls\n[ \"$1\" = db ] && exit 0\nexec %[1]s/real/boltseal \"$@\"\n", dir)
	sum := sha256.Sum256([]byte(release))
	c.digest = hex.EncodeToString(sum[:])
	c.put("release", release)
	c.put("bin/curl", fmt.Sprintf("#!/bin/sh\nfor last; do :; done\necho \"$last\" > %[1]s/url\nwhile [ \"$1\" != --output ]; do shift; done\ncp %[1]s/release \"$2\"\n", dir))
	c.put("work/Dockerfile", "FROM alpine:latest\nUSER root\n")
	return c
}

func (c *ci) put(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

func (c *ci) get(name string) string {
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		return ""
	}
	return string(data)
}

// run runs a script, and returns its exit status and what it says.
func (c *ci) run(script string, env ...string) (int, string) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), c.shell[0], append(c.shell[1:], "-c", script)...)
	cmd.Dir = filepath.Join(c.dir, "work")
	cmd.Env = append([]string{
		"PATH=" + filepath.Join(c.dir, "bin") + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HOME=" + c.dir, "XDG_CACHE_HOME=" + filepath.Join(c.dir, "cache"), "TMPDIR=" + filepath.Join(c.dir, "temp"),
		"RUNNER_TEMP=" + filepath.Join(c.dir, "temp"), "RUNNER_OS=Linux", "RUNNER_ARCH=X64",
		"GITHUB_OUTPUT=" + c.output, "GITHUB_STEP_SUMMARY=" + filepath.Join(c.dir, "summary"),
	}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		c.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// outputs are what steps of the action hand on.
func (c *ci) outputs() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(c.get("output")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		out[name] = value
	}
	return out
}

func load(t *testing.T, name string) *manifest.Node {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := manifest.Parse(name, data)
	if len(f.Errors) > 0 || len(f.Docs) != 1 {
		t.Fatalf("%s: %d documents, %v", name, len(f.Docs), f.Errors)
	}
	return f.Docs[0].Root
}

func TestAction(t *testing.T) {
	steps := load(t, "../action.yml").Get("runs", "steps")
	script := func(i string) string { return steps.Get(i, "run").Str() }
	c := newCI(t, "bash", "--noprofile", "--norc", "-eo", "pipefail")

	for _, bad := range [][]string{
		{"INPUT_VERSION=v1.2.3", "INPUT_SHA256=" + strings.Repeat("0", 64)},
		{"INPUT_VERSION=v1.2.3", "INPUT_SHA256="},
		{"INPUT_VERSION=v1.2.3", "INPUT_SHA256=" + c.digest[:63]},
		{"INPUT_VERSION=latest", "INPUT_SHA256=" + c.digest},
		{"INPUT_VERSION=v1.2.3/../../x", "INPUT_SHA256=" + c.digest},
		{"INPUT_VERSION=v1.2.3", "INPUT_SHA256=" + c.digest, "RUNNER_ARCH=ARM"},
	} {
		if code, out := c.run(script("0"), bad...); code != 2 || c.get("output") != "" || c.get("calls") != "" {
			t.Errorf("%q: exit %d: %s", bad, code, out)
		}
	}

	code, out := c.run(script("0"), "INPUT_VERSION=v1.2.3", "INPUT_SHA256="+strings.Repeat("0", 64)+"\n"+c.digest+"\n")
	if code != 0 || !strings.HasSuffix(c.get("url"), "/releases/download/v1.2.3/boltseal-linux-amd64\n") {
		t.Fatalf("exit %d for %q: %s", code, c.get("url"), out)
	}
	program := "BOLTSEAL=" + c.outputs()["boltseal"]

	if code, out := c.run(script("1"), program); code != 2 {
		t.Errorf("nothing to do: exit %d: %s", code, out)
	}
	code, out = c.run(script("1"), program, "INPUT_LINT=Dockerfile\n", "INPUT_FAIL_ON=any\n")
	if code != 0 || c.outputs()["status"] != "1" || !strings.Contains(out, "::") || c.get("summary") == "" {
		t.Errorf("lint: exit %d, status %q: %s", code, c.outputs()["status"], out)
	}
	for _, name := range []string{"lint.sarif", "lint.json"} {
		if info, err := os.Stat(filepath.Join(c.outputs()["reports"], name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	code, out = c.run(script("1"), program, "INPUT_LINT=Dockerfile", "INPUT_FAIL_ON=none", "INPUT_SCAN=dir:.", "INPUT_ARGS=--allow-gaps=*\n",
		"INPUT_DATABASE=oci://x", "INPUT_DATABASE_DIGEST=sha256:1")
	if code != 0 || c.outputs()["status"] != "0" || !strings.Contains(c.get("calls"), "db update --prebuilt=oci://x --digest=sha256:1\n") {
		t.Errorf("scan: exit %d, status %q: %s", code, c.outputs()["status"], out)
	}
	code, out = c.run(script("1"), program, "INPUT_LINT=Dockerfile", "INPUT_FAIL_ON=any", "INPUT_SCAN=dir:.")
	if code != 0 || c.outputs()["status"] != "3" {
		t.Errorf("scan without a database: exit %d, status %q: %s", code, c.outputs()["status"], out)
	}
	for status, want := range map[string]int{"0": 0, "1": 1, "": 3} {
		if code, _ := c.run(script("3"), "STATUS="+status); code != want {
			t.Errorf("status %q: exit %d, want %d", status, code, want)
		}
	}
}

func TestGitLabTemplate(t *testing.T) {
	jobs := load(t, "../deploy/ci/gitlab.yml")
	fetch := jobs.Get(".boltseal", "before_script", "0").Str() + "\n"
	lint := jobs.Get("boltseal-lint", "script", "0").Str()
	scan := jobs.Get("boltseal-scan", "script", "0").Str() + "\n" + jobs.Get("boltseal-scan", "script", "1").Str()
	c := newCI(t, "sh", "-e")
	env := []string{
		"BOLTSEAL_VERSION=v1.2.3", "BOLTSEAL_ARCH=amd64", "BOLTSEAL_SHA256=" + c.digest, "BOLTSEAL_LINT=.", "BOLTSEAL_FAIL_ON=any",
		"BOLTSEAL_IMAGE=dir:.", "BOLTSEAL_DATABASE=", "CI_REGISTRY_USER=u", "CI_REGISTRY_PASSWORD=p",
	}
	if code, out := c.run(fetch+lint, append(env, "BOLTSEAL_SHA256="+strings.Repeat("0", 64))...); code != 2 || c.get("calls") != "" {
		t.Errorf("another digest: exit %d: %s", code, out)
	}
	if code, out := c.run(fetch+lint, append(env, "BOLTSEAL_VERSION=")...); code != 2 || c.get("calls") != "" {
		t.Errorf("no version: exit %d: %s", code, out)
	}
	if code, out := c.run(fetch+lint, env...); code != 1 || !strings.Contains(c.get("work/boltseal-lint.xml"), "<testsuite") {
		t.Errorf("lint: exit %d: %s", code, out)
	}
	if code, out := c.run(fetch+scan, env...); code != 3 || !strings.Contains(c.get("work/gl-container-scanning-report.json"), `"container_scanning"`) ||
		!strings.Contains(c.get("work/gl-sbom-container.cdx.json"), "CycloneDX") {
		t.Errorf("scan: exit %d: %s", code, out)
	}
}

// The templates pass what they run.
func TestTemplatesAreClean(t *testing.T) {
	for _, path := range []string{"../action.yml", "../docs/guide/ci.md", "../docs/guide/waivers.md"} {
		var out bytes.Buffer
		code := cli.Run(context.Background(), &cli.Env{
			Args: []string{"lint", path, "--fail-on", "any"}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
			Getenv: func(string) string { return "" }, Now: clock,
		})
		if code != 0 {
			t.Errorf("%s: exit %d\n%s", path, code, out.String())
		}
	}
	hooks := load(t, "../.pre-commit-hooks.yaml")
	if len(hooks.Items) != 3 {
		t.Fatalf("%d hooks", len(hooks.Items))
	}
	for _, hook := range hooks.Items {
		name, rest, _ := strings.Cut(hook.Get("entry").Str(), " ")
		if name != "boltseal" || !strings.HasPrefix(rest, "lint") || hook.Get("id").Str() == "" || hook.Get("language").Str() == "" {
			t.Errorf("hook %s: %s %s", hook.Get("id").Str(), name, rest)
		}
	}
}
