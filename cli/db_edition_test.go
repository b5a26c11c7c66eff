package cli_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	server "github.com/google/go-containerregistry/pkg/registry"

	"github.com/boltseal/boltseal/cli"
)

// atHome runs a command as a user does.
func atHome(t *testing.T, home string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(context.Background(), &cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: clock,
		Getenv: func(name string) string {
			return map[string]string{"HOME": home, "XDG_CACHE_HOME": filepath.Join(home, "cache"), "BOLTSEAL_PASSWORD": "secret"}[name]
		},
	})
	return code, out.String(), errs.String()
}

// records writes an archive of n advisories about npm and one about Go.
func records(t *testing.T, path string, n int) {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(id, ecosystem, name string) {
		w, err := z.Create(id + ".json")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, `{"id":%q,"modified":"2026-01-01T00:00:00Z","summary":%q,"affected":[{"package":{"ecosystem":%q,"name":%q},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}]}]}`, id, strings.Repeat(fmt.Sprint(len(id)*7919+len(name), id, " "), 20), ecosystem, name)
	}
	for i := range n {
		add(fmt.Sprintf("GHSA-%04d-aaaa-aaaa", i), "npm", fmt.Sprint("package-", i))
	}
	add("GO-2026-0001", "Go", "example.com/a")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEdition publishes two states of a database and follows them as the
// clients of a registry do.
func TestEdition(t *testing.T) {
	registry := httptest.NewServer(server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(true)))
	defer registry.Close()
	ref := strings.TrimPrefix(registry.URL, "http://") + "/boltseal/db:v1"
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	run := func(want int, wantText string, args ...string) {
		t.Helper()
		code, stdout, stderr := atHome(t, dir, args...)
		if code != want || !strings.Contains(stdout+stderr, wantText) {
			t.Fatalf("boltseal %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), code, want, wantText, stdout, stderr)
		}
	}
	run(0, "", "key", "generate", "--kind", "ed25519", "--output-prefix", in("k"))
	run(0, "", "key", "generate", "--kind", "ed25519", "--output-prefix", in("other"))
	for state, n := range map[string]int{"one": 600, "two": 603} {
		records(t, in(state+".zip"), n)
		run(0, "", "db", "build", "--from", in(state+".zip"), "--db", in(state+".db"))
	}
	run(2, "say what to sign with", "db", "push", "--db", in("one.db"), ref)
	run(2, "want a tag", "db", "push", "--unsigned", "--db", in("one.db"), strings.TrimSuffix(ref, ":v1")+"@sha256:"+strings.Repeat("0", 64))
	run(3, "404", "db", "update", "--db", in("client.db"), ref)
	run(0, "0 deltas", "db", "push", "--parts", "--key", in("k.key"), "--db", in("one.db"), ref)
	run(0, "verified", "db", "update", "--key", in("k.pub"), "--db", in("client.db"), ref)
	run(0, "0 deltas applied", "db", "update", "--db", in("part.db"), "--ecosystem", "Go", "oci://"+ref)
	// Somebody else's signature puts nothing in place.
	run(3, "is not signed as asked for", "db", "update", "--key", in("other.pub"), "--db", in("stranger.db"), ref)
	if _, err := os.Stat(in("stranger.db")); err == nil {
		t.Error("a database that was not verified is in place")
	}
	run(0, "from the last edition", "db", "push", "--parts", "--key", in("k.key"), "--db", in("two.db"), ref)
	run(0, "1 deltas applied", "db", "update", "--key", in("k.pub"), "--db", in("client.db"), "oci://"+ref)
	run(0, "0 bytes fetched", "db", "update", "--key", in("k.pub"), "--db", in("client.db"), ref)
	run(0, "0 deltas applied", "db", "update", "--full", "--db", in("whole.db"), ref)
	run(0, "", "db", "status", "--verify", "--db", in("client.db"))
	for _, name := range []string{"client.db", "whole.db"} {
		got, err := os.ReadFile(in(name))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := os.ReadFile(in("two.db")); !bytes.Equal(got, want) {
			t.Errorf("%s is not, byte for byte, what was published", name)
		}
	}
	if code, stdout, _ := atHome(t, dir, "db", "status", "--db", in("part.db")); code != 0 || strings.Contains(stdout, "npm") {
		t.Errorf("a part of Go: %s", stdout)
	}
	run(3, "no part of this ecosystem", "db", "update", "--db", in("x.db"), "--ecosystem", "Nonesuch", ref)
	run(2, "name it", "db", "update", "--key", in("k.pub"), "--db", in("x.db"))
	run(2, "no such feed", "db", "update", "--feed", "nonesuch", "--db", in("x.db"))
	run(2, "want NAME=PATH", "db", "build", "--feed", "debian", "--db", in("x.db"))
}
