package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// content is what a scan says regardless of how the image was stored.
func content(t *testing.T, r result) string {
	t.Helper()
	return without(t, r, "subject") // its digest is the manifest's, and every form has another
}

// nameless is what a scan says regardless of what the image is called, too.
func nameless(t *testing.T, r result) string {
	t.Helper()
	return without(t, r, "subject", "key")
}

// without is a report without some fields of its findings.
func without(t *testing.T, r result, fields ...string) string {
	t.Helper()
	var got struct {
		Components, Findings []map[string]any
		Gaps                 []map[string]any
	}
	if err := json.Unmarshal(r.stdout, &got); err != nil {
		t.Fatalf("read the report: %v\n%s", err, clip(r.stdout))
	}
	for _, f := range got.Findings {
		for _, field := range fields {
			delete(f, field)
		}
	}
	out, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func smallImages() []string {
	names := []string{"debian-vuln", "node", "go", "alpine", "rpm", "overlay", "secrets"}
	if mode != "" {
		names = append(names, "debian", "python", "java", "big")
	}
	return names
}

// The same image gives the same report however it is stored: saved by docker,
// as an OCI layout or archive, with gzip or zstd layers, or on standard input.
func TestForms(t *testing.T) {
	for _, name := range smallImages() {
		t.Run(name, func(t *testing.T) {
			dir := image(t, name)
			scan := []string{"scan", "-o", "json", "--fail-on", "none", "--allow-gaps", "*"}
			want := content(t, boltseal(t, append(scan, "docker-archive:"+dir+"/docker.tar")...).ok(t))
			archive := filepath.Join(t.TempDir(), "oci.tar")
			if out, err := exec.CommandContext(t.Context(), "tar", "-C", dir+"/oci", "-cf", archive, ".").CombinedOutput(); err != nil {
				t.Fatalf("tar: %v\n%s", err, out)
			}
			targets := []string{"oci:" + dir + "/oci", "oci:" + dir + "/zstd:" + name + ":latest", "oci-archive:" + archive, dir + "/oci", dir + "/docker.tar", archive}
			if name == "big" {
				targets = targets[:3] // the others differ in the name only, and each costs half a minute
			}
			for _, target := range targets {
				got := content(t, boltseal(t, append(scan, target)...).ok(t))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s differs from docker.tar:\n%.1000s", target, diff)
				}
			}
			stdin, err := os.Open(dir + "/docker.tar")
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			got := content(t, command{args: append(scan, "-"), stdin: stdin}.run(t).ok(t))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("standard input differs from docker.tar:\n%.1000s", diff)
			}
		})
	}
}

// A bill of materials carries all that matching needs: scanning it finds what
// scanning the image found.
func TestSBOMRoundTrip(t *testing.T) {
	needDatabase(t)
	total := 0
	for _, name := range smallImages() {
		t.Run(name, func(t *testing.T) {
			dir := image(t, name)
			archive := "docker-archive:" + dir + "/docker.tar"
			scan := []string{"scan", "-o", "json", "--checks", "vuln", "--fail-on", "none", "--allow-gaps", "*"}
			direct := boltseal(t, append(scan, archive)...).ok(t)
			want := comparable(t, direct)
			total += len(want)
			for _, format := range []string{"cyclonedx-json", "spdx-json"} {
				file := filepath.Join(t.TempDir(), format)
				boltseal(t, "sbom", archive, "-o", format+"="+file).ok(t)
				got := comparable(t, boltseal(t, append(scan, "sbom:"+file)...).ok(t))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (- image, + bill):\n%.1000s", format, diff)
				}
			}
			t.Logf("%d findings", len(want))
		})
	}
	if total == 0 {
		t.Error("no image had a finding: nothing was compared")
	}
}

// comparable is each finding on one line, without what only the image knows.
func comparable(t *testing.T, r result) []string {
	t.Helper()
	var lines []string
	for _, f := range parse(t, r).Findings {
		files := []string{}
		for _, l := range f.Locations {
			files = append(files, l.File)
		}
		line := f.Key + " " + f.Check + " " + f.Severity + " " + strings.Join(f.FixedIn, ",") + " " + strings.Join(files, ",")
		if f.Component != nil {
			line += " " + f.Component.PURL
		}
		if f.Advisory != nil {
			line += " " + f.Advisory.ID
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}
