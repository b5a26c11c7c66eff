package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/cli"
)

// A registry that has one image: its digest goes into the file, what it does
// not have is said and ends with status 3.
func TestLintResolve(t *testing.T) {
	sum := "sha256:" + strings.Repeat("4", 64)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && strings.HasSuffix(r.URL.Path, "/app/manifests/1.2") {
			asked++
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			w.Header().Set("Docker-Content-Digest", sum)
			w.Header().Set("Content-Length", "100")
			return
		}
		if r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	dir := t.TempDir()
	file := filepath.Join(dir, "Dockerfile")
	source := fmt.Sprintf("FROM %[1]s/app:1.2 AS a\nFROM %[1]s/app:1.2\nCOPY --from=%[1]s/gone:1 /a /a\nUSER 10001\n", host)
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	run := func(args ...string) int {
		stdout.Reset()
		stderr.Reset()
		return cli.Run(t.Context(), &cli.Env{Args: args, Stdin: &bytes.Buffer{}, Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Now: clock})
	}
	if status := run("lint", dir, "--fix", "--resolve", "--plain-http", "--fail-on", "none"); status != 3 || !strings.Contains(stderr.String(), "not pinned: image "+host+"/gone:1") {
		t.Errorf("status %d\n%s%s", status, stdout.String(), stderr.String())
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(source, "app:1.2", "app:1.2@"+sum); string(content) != want || asked != 1 {
		t.Errorf("asked %d times, got\n%s", asked, content)
	}
	if status := run("lint", dir, "--resolve"); status != 2 {
		t.Errorf("--resolve alone: status %d", status)
	}
}
