package scan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/scan"
)

// guide reads a part of one of the two guides that teach what boltseal does:
// the lines from one that begins with a text up to one that begins with
// another.
func guide(t *testing.T, prefix, from, to string) string {
	t.Helper()
	names, err := filepath.Glob("../../shared/guide/" + prefix + "_*.txt")
	if err != nil || len(names) != 1 {
		t.Skip("the guides are not beside the repository")
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "\n"+from)
	body, _, closed := strings.Cut(rest, "\n"+to)
	if !ok || !closed {
		t.Fatalf("no part from %q to %q", from, to)
	}
	return from + body + "\n"
}

// What is wrong with the guides' examples is found by checks that know
// nothing of them.
func TestGuides(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"scan.yaml": {guide(t, "000", "name: Container Security", "SBOM Generation"), []string{
			"workflow/action-on-branch", "workflow/old-action", "workflow/permissions-missing", "workflow/permission-lacking", "workflow/dead-exit-check",
			"shell/docker-socket", "shell/unpinned-image", "workflow/scan-of-another-build", "workflow/scan-cannot-fail", "workflow/unpinned-action",
		}},
		"sbom.yaml": {guide(t, "000", "name: Generate SBOM", "Dockerfile for minimal"), []string{
			"workflow/old-action", "workflow/permissions-missing", "workflow/tool-not-installed", "workflow/unpinned-action",
		}},
		"sign.md": {"```sh\n" + guide(t, "003", "# Install Cosign", "# Verify signature") + "```\n", []string{"shell/unpinned-install", "shell/sign-by-tag"}},
		"falco.md": {"```sh\n" + guide(t, "003", "# Install Falco", "sudo apt-get update") + "```\n", []string{
			"shell/apt-key", "shell/curl-no-fail", "shell/unsigned-repository",
		}},
		"syft.md":  {"```sh\n" + guide(t, "003", "# Install Syft", "# Generate for directory") + "```\n", []string{"shell/curl-pipe-shell", "shell/gone-command"}},
		"trivy.md": {"```sh\n" + guide(t, "003", "# Scan Kubernetes cluster", "# GitHub Actions") + "```\n", []string{"shell/gone-command"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range scan.LintFile(name, []byte(c.text), nil) {
				got = append(got, f.Check)
			}
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("%s is not found; got %v in\n%s", want, got, c.text)
				}
			}
		})
	}
}

func TestIsDockerfile(t *testing.T) {
	for name, want := range map[string]bool{
		"Dockerfile": true, "dockerfile": true, "Containerfile": true, "Dockerfile.dev": true, "web.dockerfile": true, "Dockerfile.prod.alpine": true,
		"dockerfile.go": false, "Dockerfile.5.md": false, "Dockerfile.dockerignore": false, "mydockerfile": false, "dockerfile.test.ts": false,
	} {
		if got := scan.IsDockerfile(name); got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
