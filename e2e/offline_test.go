package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// --offline opens no socket at all: strace sees none.
func TestOfflineOpensNoSocket(t *testing.T) {
	tool(t, "strace")
	needDatabase(t)
	dir := image(t, "alpine")
	for name, args := range map[string][]string{
		"scan":     {"scan", "docker-archive:" + dir + "/docker.tar", "--offline", "--fail-on", "none"},
		"sbom":     {"sbom", "oci:" + dir + "/oci", "--offline"},
		"registry": {"scan", "registry.example.org/app:1", "--offline"},
		"short":    {"scan", "app", "--offline"},
		"daemon":   {"scan", "docker:app", "--offline"},
	} {
		t.Run(name, func(t *testing.T) {
			trace := filepath.Join(t.TempDir(), "trace")
			r := command{args: args, wrap: []string{"strace", "-f", "-qq", "-e", "trace=socket,connect,socketpair", "-o", trace}}.run(t)
			if name == "scan" || name == "sbom" {
				r.ok(t, 0, 3)
			} else if r.code != 3 && r.code != 2 {
				t.Errorf("exit status %d of what cannot be reached offline", r.code)
			}
			calls, err := os.ReadFile(trace)
			if err != nil {
				t.Fatal(err)
			}
			if socket := regexp.MustCompile(`(?m)^.*\b(socket|connect|socketpair)\(.*$`).Find(calls); socket != nil {
				t.Errorf("it opened a socket: %s", socket)
			}
		})
	}
}

// A local file needs no network even without --offline: it works where there
// is none.
func TestLocalNeedsNoNetwork(t *testing.T) {
	tool(t, "unshare")
	if os.Geteuid() != 0 {
		skip(t, "network namespaces need root")
	}
	dir := image(t, "alpine")
	command{args: []string{"sbom", "docker-archive:" + dir + "/docker.tar"}, wrap: []string{"unshare", "-n"}}.run(t).ok(t)
}
