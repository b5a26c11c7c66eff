package e2e_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// advisories packs n records about npm and one about Go.
func advisories(t *testing.T, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := range n {
		id, ecosystem, name := fmt.Sprintf("GHSA-%04d-aaaa-aaaa", i), "npm", fmt.Sprint("package-", i)
		if i == 0 {
			id, ecosystem, name = "GO-2026-0001", "Go", "example.com/a"
		}
		w, err := z.Create(id + ".json")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, `{"id":%q,"modified":"2026-01-01T00:00:00Z","summary":"number %d","details":%q,"affected":[{"package":{"ecosystem":%q,"name":%q},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}]}]}`, id, i, strings.Repeat(fmt.Sprint(i*7919, " "), 30), ecosystem, name)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// dbCommand runs boltseal with a home of its own.
func dbCommand(t *testing.T, home string, want int, wantText string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home+"/cache", "BOLTSEAL_PASSWORD=secret")
	out, err := cmd.CombinedOutput()
	code := 0
	if err != nil {
		code = cmd.ProcessState.ExitCode()
	}
	if code != want || !strings.Contains(string(out), wantText) {
		t.Fatalf("boltseal %s: exit %d, want %d and %q\n%s", strings.Join(args, " "), code, want, wantText, out)
	}
	return string(out)
}

// TestDatabaseThroughRegistry publishes two nights' databases in a real
// registry and has a scanner follow, by a delta of a few per cent; then the
// database goes where no registry is.
func TestDatabaseThroughRegistry(t *testing.T) {
	address := registry(t, "", "")
	ref := address + "/boltseal/db:v1"
	home := t.TempDir()
	in := func(name string) string { return filepath.Join(home, name) }
	dbCommand(t, home, 0, "", "key", "generate", "--kind", "ed25519", "--output-prefix", in("k"))
	for night, n := range []int{4000, 4010} {
		if err := os.WriteFile(in("all.zip"), advisories(t, n), 0o600); err != nil {
			t.Fatal(err)
		}
		db := in(fmt.Sprintf("night-%d.db", night))
		dbCommand(t, home, 0, "", "db", "build", "--from", in("all.zip"), "--db", db)
		dbCommand(t, home, 0, "bytes", "db", "push", "--parts", "--key", in("k.key"), "--db", db, ref)
		dbCommand(t, home, 0, fmt.Sprintf("%d deltas applied", night), "db", "update", "--key", in("k.pub"), "--db", in("scanner.db"), ref)
		got, err := os.ReadFile(in("scanner.db"))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := os.ReadFile(db); !bytes.Equal(got, want) {
			t.Errorf("night %d: the scanner's file is another", night)
		}
	}
	dbCommand(t, home, 0, "", "bundle", "export", "--key", in("k.key"), "--db", in("scanner.db"), in("site.boltseal"))
	inside := t.TempDir()
	dbCommand(t, inside, 0, "advisories.db", "bundle", "import", "--key", in("k.pub"), in("site.boltseal"))
	dbCommand(t, inside, 0, "osv/npm", "db", "status", "--verify")
}

// TestFeedsFailAlone has one feed dead and one garbled beside one that is
// well.
func TestFeedsFailAlone(t *testing.T) {
	well := true
	archive := advisories(t, 50)
	const tracker = `{"openssl":{"CVE-2026-10001":{"description":"x","releases":{"bookworm":{"status":"open","urgency":"low","nodsa":"Minor issue","nodsa_reason":"ignored"}}}}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/osv/npm/all.zip":
			_, _ = w.Write(archive)
		case r.URL.Path == "/debian.json" && well:
			_, _ = w.Write([]byte(tracker))
		case r.URL.Path == "/debian.json":
			_, _ = w.Write([]byte(tracker[:60]))
		default:
			http.Error(w, "gone for lunch", http.StatusForbidden)
		}
	}))
	defer server.Close()
	home := t.TempDir()
	update := []string{"db", "update", "--base-url", server.URL + "/osv", "--ecosystem", "npm", "--feed", "debian=" + server.URL + "/debian.json"}
	dbCommand(t, home, 0, "records of", update...)
	well = false
	dbCommand(t, home, 3, "debian: kept the last data", append(update, "--feed", "photon="+server.URL+"/photon")...)
	status := dbCommand(t, home, 0, "osv/npm", "db", "status")
	for line := range strings.Lines(status) {
		name, _, _ := strings.Cut(line, " ")
		if (name == "debian" || name == "photon") && !strings.Contains(line, "stale") || name == "osv/npm" && !strings.Contains(line, "ok") {
			t.Errorf("db status: %s", line)
		}
	}
	if !strings.Contains(status, "debian") {
		t.Errorf("db status lost a feed:\n%s", status)
	}
}
