package grafana_test

import (
	"bytes"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/serve/dashboard/grafana"
	"github.com/boltseal/boltseal/store"
)

var update = flag.Bool("update", false, "rewrite deploy/grafana/boltseal.json")

func TestWritten(t *testing.T) {
	var got bytes.Buffer
	if err := grafana.Write(&got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "..", "deploy", "grafana", "boltseal.json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the file is not what is written now; run with -update (-file +now):\n%s", diff)
	}
}

// Every metric that a panel or an alert asks for is one that the server
// describes.
func TestMetrics(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "store.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	source, err := os.ReadFile(filepath.Join("..", "..", "health.go"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve.New(&serve.Options{DB: db})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	w = httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	var asked strings.Builder
	for _, p := range grafana.Panels() {
		for _, q := range p.Queries {
			asked.WriteString(q.Expr + "\n")
		}
	}
	rules, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "prometheus", "boltseal.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	asked.Write(rules)
	names := regexp.MustCompile(`boltseal_[a-z_]+`).FindAllString(asked.String(), -1)
	if len(names) < 20 {
		t.Fatalf("only %d names: %v", len(names), names)
	}
	for _, name := range names {
		shown := strings.Contains(w.Body.String(), "\n"+name) // what has a value on an empty server
		known := strings.Contains(string(source), `"`+strings.TrimPrefix(name, "boltseal_")+`"`)
		if !shown && !known {
			t.Errorf("%s is no metric of the server", name)
		}
	}
}
