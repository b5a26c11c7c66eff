package e2e_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// 0 clean, 1 the verdict blocks, 2 usage, 3 could not look.
func TestExitStatus(t *testing.T) {
	needDatabase(t)
	vulnerable := "docker-archive:" + image(t, "debian-vuln") + "/docker.tar"
	none := "BOLTSEAL_DB="
	for _, test := range []struct {
		name string
		args []string
		env  []string
		want int
	}{
		{"help", []string{"--help"}, nil, 0},
		{"version", []string{"version"}, nil, 0},
		{"blocks", []string{"scan", vulnerable, "--fail-on", "low"}, nil, 1},
		{"nothing may block", []string{"scan", vulnerable, "--fail-on", "none"}, nil, 0},
		{"flag in the environment", []string{"scan", vulnerable}, []string{"BOLTSEAL_FAIL_ON=none"}, 0},
		{"no verb of that name", []string{"scna", vulnerable}, nil, 2},
		{"no flag of that name", []string{"scan", vulnerable, "--nonesuch"}, nil, 2},
		{"no format of that name", []string{"scan", vulnerable, "-o", "nonesuch"}, nil, 2},
		{"no target", []string{"scan"}, nil, 2},
		{"no such file", []string{"scan", "docker-archive:/nonexistent.tar"}, nil, 3},
		{"no database", []string{"scan", vulnerable}, []string{none}, 3},
		{"no database, allowed", []string{"scan", vulnerable, "--allow-gaps", "no-database"}, []string{none}, 0},
		{"a database that is named must be there", []string{"scan", vulnerable, "--db", "/nonexistent.db", "--allow-gaps", "*"}, nil, 3},
		{"no database is needed to list", []string{"sbom", vulnerable}, []string{none}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := command{args: test.args, env: test.env}.run(t)
			if r.code != test.want {
				t.Errorf("%v: exit status %d, want %d\n%s", test.args, r.code, test.want, clip(r.stderr))
			}
			if r.code >= 2 && len(r.stderr) == 0 && len(r.stdout) == 0 {
				t.Error("it did not say why")
			}
		})
	}
}

// A broken image ends in a clear error or a gap, never in a clean report, and
// leaves nothing behind. (Of an archive that docker saved, bodies that nobody
// needs are skipped, so a changed bit in one of them goes unseen; the blobs of
// OCI layouts and registries are held to their digests.)
func TestBrokenImages(t *testing.T) {
	source := filepath.Join(image(t, "alpine"), "docker.tar")
	whole, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	database := bytes.Index(whole, []byte("P:musl\n"))
	if database < 0 {
		t.Fatal("the image's layer is not stored as it is")
	}
	for name, data := range map[string][]byte{
		"empty":              {},
		"no archive":         []byte("this is no image\n"),
		"cut in the header":  whole[:300],
		"cut in the layer":   whole[:database],
		"cut before its end": whole[:len(whole)*9/10],
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "image.tar")
			if err := os.WriteFile(file, data, 0o644); err != nil {
				t.Fatal(err)
			}
			r := boltseal(t, "sbom", "docker-archive:"+file, "-o", "json")
			if r.code != 2 && r.code != 3 {
				t.Errorf("exit status %d, want 3\n%s", r.code, clip(r.stderr))
			}
			if len(r.stderr) == 0 {
				t.Error("it did not say why")
			}
		})
	}
}

// The blobs of an OCI layout are what their digests say, or they are refused.
func TestWrongDigest(t *testing.T) {
	for _, form := range []string{"oci", "zstd"} {
		dir := filepath.Join(t.TempDir(), form)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(image(t, "alpine"), form))); err != nil {
			t.Fatal(err)
		}
		blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
		if err != nil || len(blobs) < 3 {
			t.Fatalf("blobs: %v, %v", blobs, err)
		}
		for _, blob := range blobs {
			b, err := os.ReadFile(blob)
			if err != nil {
				t.Fatal(err)
			}
			// The last byte of JSON and of a gzip or zstd stream matters to
			// the digest and to nothing before it.
			broken := append(bytes.Clone(b), ' ')
			if err := os.WriteFile(blob, broken, 0o644); err != nil {
				t.Fatal(err)
			}
			if r := boltseal(t, "sbom", "oci:"+dir, "-o", "json"); r.code != 3 && r.code != 2 {
				t.Errorf("%s: a blob with a byte too many: exit status %d\n%s", form, r.code, clip(r.stderr))
			}
			if err := os.WriteFile(blob, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		boltseal(t, "sbom", "oci:"+dir, "-o", "json").ok(t)
	}
}

// Interrupted, it stops at once and leaves no temporary file.
func TestInterrupt(t *testing.T) {
	dir := image(t, "node")
	for _, after := range []time.Duration{50 * time.Millisecond, 300 * time.Millisecond} {
		r := command{args: []string{"sbom", "oci:" + dir + "/oci", "-o", "json"}, wrap: []string{"timeout", "--signal=INT", after.String()[:len(after.String())-2] + "e-3"}}.run(t)
		if r.code == 0 && r.wall < 5*after {
			continue // it was done before the signal came
		}
		if r.wall > after+5*time.Second {
			t.Errorf("it took %v to stop", r.wall)
		}
	}
}

// Several platforms under one name are several images; an attestation is none.
func TestIndex(t *testing.T) {
	dir := image(t, "index")
	platforms := func(args ...string) []string {
		got := parse(t, boltseal(t, append([]string{"sbom", "oci:" + dir + "/oci", "-o", "json"}, args...)...).ok(t))
		var all []string
		for _, c := range got.Children {
			all = append(all, c.Platform.OS+"/"+c.Platform.Arch)
		}
		if len(all) == 0 {
			all = append(all, got.Artifact.Platform.OS+"/"+got.Artifact.Platform.Arch)
		}
		if len(got.Components) == 0 {
			t.Errorf("%v: no component", args)
		}
		slices.Sort(all)
		return all
	}
	for want, args := range map[string][]string{
		"linux/amd64 linux/arm64": nil,
		"linux/arm64":             {"--platform", "linux/arm64"},
		"linux/amd64":             {"--platform", "linux/amd64"},
	} {
		if got := strings.Join(platforms(args...), " "); got != want {
			t.Errorf("%v: platforms %s, want %s", args, got, want)
		}
	}
	if r := boltseal(t, "sbom", "oci:"+dir+"/oci", "--platform", "linux/s390x"); r.code == 0 {
		t.Error("a platform that is not there gave a clean report")
	}
}

// Several processes share one cache without ever failing on a lock.
func TestSharedCache(t *testing.T) {
	dir := image(t, "node")
	shared := "XDG_CACHE_HOME=" + t.TempDir()
	const processes = 4
	results := make(chan string, processes)
	for range processes {
		go func() {
			r := command{args: []string{"sbom", "oci:" + dir + "/zstd", "-o", "json"}, env: []string{shared}}.run(t)
			var b strings.Builder
			if r.code != 0 {
				io.WriteString(&b, "exit status not 0: "+string(clip(r.stderr)))
			}
			results <- b.String()
		}()
	}
	for range processes {
		if problem := <-results; problem != "" {
			t.Error(problem)
		}
	}
}
