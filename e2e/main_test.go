// Package e2e_test runs the boltseal binary against real images, daemons and
// registries. What it finds is compared with what other programs say: dpkg,
// rpm, pip, node, go and docker itself.
//
// By default a small set of images is made and scanned. BOLTSEAL_E2E=full
// takes the large ones too and BOLTSEAL_E2E=made those that are there,
// BOLTSEAL_E2E_CACHE says where images are kept,
// BOLTSEAL names a binary to test instead of building one, and
// BOLTSEAL_E2E_STRICT=1 turns every skip into a failure.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var (
	binary   string // the boltseal under test
	cache    string // where make.sh keeps its images
	database string // of advisories, "" when there is no mirror to build one from
	mode     = os.Getenv("BOLTSEAL_E2E")
	full     = mode == "full"
	strict   = os.Getenv("BOLTSEAL_E2E_STRICT") == "1"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(usageVar); file != "" {
		os.Unsetenv(usageVar)
		os.Exit(launch(file, os.Args[1:]))
	}
	code, err := prepare(m)
	err = errors.Join(err, stopCluster())
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func prepare(m *testing.M) (int, error) {
	temp, err := os.MkdirTemp("", "boltseal-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp)
	if binary = os.Getenv("BOLTSEAL"); binary == "" {
		binary = filepath.Join(temp, "boltseal")
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/boltseal")
		build.Dir = ".."
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build boltseal: %w\n%s", err, out)
		}
	}
	if cache = os.Getenv("BOLTSEAL_E2E_CACHE"); cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return 0, err
		}
		cache = filepath.Join(home, ".cache", "boltseal-e2e")
	}
	if err := makeImages(); err != nil {
		return 0, err
	}
	if err := buildDatabase(temp); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func makeImages() error {
	set := "small"
	switch mode {
	case "full":
		set = "full"
	case "made":
		if made, _ := filepath.Glob(filepath.Join(cache, "images", "*", ".made")); len(made) == 0 {
			return fmt.Errorf("no image in %s", cache)
		}
		return nil
	}
	images := exec.Command("images/make.sh", set)
	images.Env = append(os.Environ(), "BOLTSEAL_E2E_CACHE="+cache)
	images.Stdout, images.Stderr = os.Stderr, os.Stderr
	if err := images.Run(); err != nil {
		return fmt.Errorf("make the images: %w", err)
	}
	return nil
}

// buildDatabase makes the advisory database out of the mirror beside the
// repository.
func buildDatabase(temp string) error {
	mirror := filepath.Join("..", "..", "shared")
	if _, err := os.Stat(filepath.Join(mirror, "osv")); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: no advisory mirror at ../shared/osv: tests of findings are skipped")
		return nil
	}
	database = filepath.Join(temp, "advisories.db")
	build := exec.Command(binary, "db", "build", "--db", database, "--from", filepath.Join(mirror, "osv"),
		"--kev", filepath.Join(mirror, "kev", "known_exploited_vulnerabilities.json"),
		"--epss", filepath.Join(mirror, "epss", "epss_scores-current.csv.gz"))
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the advisory database: %w\n%s", err, out)
	}
	return nil
}

// result is what one run of boltseal did.
type result struct {
	stdout, stderr []byte
	code           int
	wall, cpu      time.Duration
	rss            int64 // peak, in bytes
}

// command is one run of boltseal to be.
type command struct {
	args  []string
	stdin *os.File
	env   []string
	wrap  []string // what runs boltseal, such as strace
	limit time.Duration
}

// boltseal runs the binary with a home, a cache and a temporary folder of its
// own, and fails the test when anything is left in the last of them.
func boltseal(t *testing.T, args ...string) result {
	t.Helper()
	return command{args: args}.run(t)
}

func (c command) run(t *testing.T) result {
	t.Helper()
	temp := t.TempDir()
	limit := c.limit
	if limit == 0 {
		limit = 5 * time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	launcher, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	usage := filepath.Join(t.TempDir(), "usage")
	argv := append(append([]string{}, c.wrap...), append([]string{binary}, c.args...)...)
	cmd := exec.CommandContext(ctx, launcher, argv...)
	cmd.Stdin = c.stdin
	cmd.Env = append(append(environment(t, temp), c.env...), usageVar+"="+usage)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	r := result{stdout: stdout.Bytes(), stderr: stderr.Bytes()}
	if ctx.Err() != nil {
		t.Fatalf("%v did not end within %v\n%s", cmd, limit, clip(r.stderr))
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", cmd, err)
	}
	r.code = cmd.ProcessState.ExitCode()
	used, err := os.ReadFile(usage)
	if err == nil {
		_, err = fmt.Sscan(string(used), &r.rss, (*int64)(&r.cpu), (*int64)(&r.wall))
	}
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	if bytes.Contains(r.stderr, []byte("panic:")) || bytes.Contains(r.stderr, []byte("goroutine ")) {
		t.Fatalf("%v panicked:\n%s", cmd, r.stderr)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v left temporary files: %v %v", cmd, left, err)
	}
	return r
}

// environment keeps a run away from the user's files, and its cache within
// the test, so that each test begins cold.
func environment(t *testing.T, temp string) []string {
	home := t.TempDir()
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + temp, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"),
		"NO_COLOR=1", "BOLTSEAL_DB=" + database}
}

// ok is a run that must end with one of the statuses.
func (r result) ok(t *testing.T, codes ...int) result {
	t.Helper()
	if len(codes) == 0 {
		codes = []int{0}
	}
	for _, code := range codes {
		if r.code == code {
			return r
		}
	}
	t.Fatalf("exit status %d, want one of %v\n%s", r.code, codes, clip(r.stderr))
	return r
}

func clip(b []byte) []byte {
	if len(b) > 4000 {
		return b[:4000]
	}
	return b
}

// skip skips a test for want of something, unless nothing may be wanting.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if strict {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// image is the folder of one of make.sh's images.
func image(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(cache, "images", name)
	if _, err := os.Stat(filepath.Join(dir, ".made")); err != nil {
		if full {
			t.Fatalf("image %s was not made", name)
		}
		t.Skipf("image %s was not made: BOLTSEAL_E2E=full makes them all", name)
	}
	return dir
}

// tool skips the test when a program is not installed.
func tool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			skip(t, "%s is not installed", name)
		}
	}
}

func needDatabase(t *testing.T) {
	t.Helper()
	if database == "" {
		skip(t, "no advisory mirror at ../shared/osv")
	}
}
