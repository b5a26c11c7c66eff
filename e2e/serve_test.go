package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// served is a boltseal serve that a test may kill.
type served struct {
	cmd   *exec.Cmd
	url   string
	token string
}

// serveAt starts boltseal serve and waits until it says where it is, and the
// first time how to get in.
func serveAt(t *testing.T, home, database string, first bool) *served {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--database", database, "--db", filepath.Join(home, "none.db"))
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CACHE_HOME=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &served{cmd: cmd}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "boltseal serves at "); ok {
			s.url = rest
		}
		if _, secret, ok := strings.Cut(lines.Text(), "shown this once: "); ok {
			s.token = secret
		}
		if s.url != "" && (s.token != "" || !first) {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s
		}
	}
	_ = cmd.Wait()
	t.Fatalf("boltseal serve did not come up:\n%s", stderr.Bytes())
	return nil
}

func (s *served) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *served) do(ctx context.Context, method, path, token string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests { // one client may ask so often
		time.Sleep(200 * time.Millisecond)
		return s.do(ctx, method, path, token, body)
	}
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}

// upload is the report number n: of one of twenty names, each time another
// digest, with a finding that stays and one that changes.
func upload(n int) []byte {
	name := fmt.Sprintf("app-%d:1", n%20)
	finding := func(id int) string {
		return fmt.Sprintf(`{"key":"%032x","check":"vuln/known","message":"m","severity":"high","component":{"purl":"pkg:npm/x@1","name":"x","version":"1","foundBy":"npm","basis":"installed"},"advisory":{"id":"CVE-2026-%d","feed":"osv"}}`, id*1000+n%20, id)
	}
	return fmt.Appendf(nil, `{"schema":"https://boltseal.dev/schema/report/v1","tool":{"name":"t","version":"1"},"time":%q,"artifact":{"kind":"image","name":%q,"digest":"sha256:%064x"},
		"components":[{"purl":"pkg:npm/x@1","name":"x","version":"1","foundBy":"npm","basis":"installed"},{"purl":"pkg:npm/y-%d@1","name":"y-%d","version":"1","foundBy":"npm","basis":"installed"}],
		"findings":[%s,%s],"gaps":[],"verdict":{"allow":false}}`,
		time.Date(2026, 5, 4, 0, 0, n, 0, time.UTC).Format(time.RFC3339), name, n+1, n, n, finding(1), finding(2+n/20))
}

// TestServeKilled kills the server at random points while reports come in,
// again and again, and then holds the store to what was promised: every
// report that was answered with 2xx is there, once; one image of each name is
// current; the counters are those of the findings; the words are there.
func TestServeKilled(t *testing.T) {
	kills := 25
	if n, err := strconv.Atoi(os.Getenv("BOLTSEAL_E2E_KILLS")); err == nil {
		kills = n
	}
	home := t.TempDir()
	database := "sqlite:" + filepath.Join(home, "store.db")
	var mu sync.Mutex
	accepted := map[int]int64{}
	token, next := "", 0
	for round := range kills {
		s := serveAt(t, home, database, round == 0)
		if token == "" {
			token = s.token
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					mu.Lock()
					n := next
					next++
					if rand.N(4) == 0 && n > 0 { // and what came before, again
						n, next = rand.N(n), next-1
					}
					mu.Unlock()
					code, body, err := s.do(ctx, http.MethodPost, "/api/v1/projects/default/reports", token, upload(n))
					if err != nil {
						return
					}
					var receipt struct{ Report int64 }
					if code/100 != 2 || json.Unmarshal(body, &receipt) != nil {
						t.Errorf("report %d: %d %s", n, code, body)
						return
					}
					mu.Lock()
					if was, ok := accepted[n]; ok && was != receipt.Report {
						t.Errorf("report %d is record %d, and was %d", n, receipt.Report, was)
					}
					accepted[n] = receipt.Report
					mu.Unlock()
				}
			})
		}
		time.Sleep(50*time.Millisecond + rand.N(300*time.Millisecond))
		s.kill()
		cancel()
		wg.Wait()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	t.Logf("%d reports were accepted over %d kills", len(accepted), kills)
	if len(accepted) < kills {
		t.Fatal("too few to say anything")
	}
	s := serveAt(t, home, database, false)
	defer s.kill()
	s.holds(t, token, accepted)
}

type listed[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// all reads a list to its end.
func all[T any](t *testing.T, s *served, token, path string) []T {
	t.Helper()
	var out []T
	after := ""
	for {
		code, body, err := s.do(t.Context(), http.MethodGet, "/api/v1/projects/default/"+path+"&limit=500&after="+after, token, nil)
		var page listed[T]
		if err == nil {
			err = json.Unmarshal(body, &page)
		}
		if err != nil || code != http.StatusOK {
			t.Fatalf("%s: %d %v %s", path, code, err, body)
		}
		out = append(out, page.Items...)
		if after = page.Next; after == "" {
			return out
		}
	}
}

func (s *served) holds(t *testing.T, token string, accepted map[int]int64) {
	t.Helper()
	records := map[int64]int{}
	for n, id := range accepted {
		if other, ok := records[id]; ok {
			t.Errorf("reports %d and %d are one record", n, other)
		}
		records[id] = n
		code, body, err := s.do(t.Context(), http.MethodGet, fmt.Sprintf("/api/v1/projects/default/reports/%d", id), token, nil)
		if err != nil || code != http.StatusOK || !bytes.Contains(body, fmt.Appendf(nil, "sha256:%064x", n+1)) || !bytes.Contains(body, fmt.Appendf(nil, "y-%d", n)) {
			t.Errorf("report %d, record %d: %d %v", n, id, code, err)
		}
	}
	type image struct {
		ID      int64
		Name    string
		Current bool
		Open    struct{ High int }
	}
	names := map[string]int{}
	open := map[int64]int{}
	for _, i := range all[image](t, s, token, "images?all=true") {
		if i.Current {
			names[i.Name]++
		}
		open[i.ID] = i.Open.High
	}
	for name, n := range names {
		if n != 1 {
			t.Errorf("%s has %d current images", name, n)
		}
	}
	type finding struct {
		Image int64
		Key   string
	}
	count := map[int64]int{}
	seen := map[string]bool{}
	for _, f := range all[finding](t, s, token, "findings?") {
		count[f.Image]++
		if seen[f.Key] {
			t.Errorf("finding %s is there twice", f.Key)
		}
		seen[f.Key] = true
	}
	for id, n := range open {
		if count[id] != n {
			t.Errorf("image %d counts %d findings and has %d", id, n, count[id])
		}
	}
	if len(count) == 0 || slices.Max(slices.Collect(maps.Values(count))) != 2 {
		t.Errorf("findings of each image: %v, want two", count)
	}
}

// TestServeFromScanToQuery is what somebody does on the first day.
func TestServeFromScanToQuery(t *testing.T) {
	home := t.TempDir()
	s := serveAt(t, home, "sqlite:"+filepath.Join(home, "store.db"), true)
	defer s.kill()
	project := t.TempDir()
	lock := `{"name":"p","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"p"},"node_modules/left-pad":{"version":"1.0.0"}}}`
	if err := os.WriteFile(filepath.Join(project, "package-lock.json"), []byte(lock), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"BOLTSEAL_SERVER=" + s.url, "BOLTSEAL_TOKEN=" + s.token}
	r := command{args: []string{"monitor", "dir:" + project, "--offline"}, env: env}.run(t)
	if !bytes.Contains(r.stderr, []byte("kept as report 1")) {
		t.Fatalf("monitor: %d\n%s", r.code, r.stderr)
	}
	// Scanning gives up sockets for what is read, and not for the report.
	if r := (command{args: []string{"scan", "dir:" + project}, env: env}).run(t); !bytes.Contains(r.stderr, []byte("report ")) || bytes.Contains(r.stderr, []byte("not permitted")) {
		t.Errorf("scan --server: %d\n%s", r.code, r.stderr)
	}
	for question, want := range map[string]string{"where is left-pad": project, "where is left-pad > 1.0.0": "nothing", "where is left-pad <= 1.0": project} {
		r := command{args: []string{"query", question}, env: env}.run(t)
		if r.code != 0 || !strings.Contains(string(r.stdout), want) {
			t.Errorf("%s: %d %s%s", question, r.code, r.stdout, r.stderr)
		}
	}
	if r := (command{args: []string{"query", "where is left-pad"}, env: []string{"BOLTSEAL_SERVER=" + s.url, "BOLTSEAL_TOKEN=bsl_x"}}).run(t); r.code == 0 {
		t.Error("a token that is not there is taken")
	}
}
