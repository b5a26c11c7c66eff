package policy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

func cases(t testing.TB) [][3]string {
	archive, err := txtar.ParseFile("testdata/load.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out [][3]string
	for i := 0; i+1 < len(archive.Files); i += 2 {
		in, want := archive.Files[i], archive.Files[i+1]
		if want.Name != in.Name+".want" {
			t.Fatalf("load.txtar: after %q comes %q", in.Name, want.Name)
		}
		out = append(out, [3]string{in.Name, string(in.Data), strings.TrimSuffix(string(want.Data), "\n")})
	}
	return out
}

func TestLoad(t *testing.T) {
	for _, c := range cases(t) {
		t.Run(c[0], func(t *testing.T) {
			p, err := policy.Load("p.yaml", []byte(c[1]))
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = short(p)
			}
			if d := cmp.Diff(got, c[2]); d != "" {
				t.Errorf("(-got +want)\n%s", d)
			}
		})
	}
}

// short is a policy on a few lines.
func short(p *policy.Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "fail-on: %s\n", p.FailOn)
	if len(p.Severities) > 0 {
		fmt.Fprintf(&b, "severity: %s\n", strings.Trim(fmt.Sprint(p.Severities), "[]"))
	}
	if p.OnlyFixed {
		fmt.Fprintln(&b, "only-fixed")
	}
	if len(p.AllowGaps) > 0 {
		fmt.Fprintf(&b, "allow-gaps: %s\n", strings.Join(p.AllowGaps, " "))
	}
	if p.IgnoreUnusedWaivers {
		fmt.Fprintln(&b, "unused-waivers: ignore")
	}
	if p.NoComments {
		fmt.Fprintln(&b, "comments: refuse")
	}
	for _, w := range p.Waivers {
		data, _ := json.Marshal(w)
		fmt.Fprintf(&b, "waiver %s\n", data)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// The YAML parser's time is quadratic in the nesting; what nests is refused
// before it sees it.
func TestLoadRefusesBombs(t *testing.T) {
	for name, text := range map[string]string{
		"brackets":  strings.Repeat("[\n", 30_000),
		"braces":    strings.Repeat("a: {\n", 30_000),
		"long line": "fail-on: " + strings.Repeat("*a ", 30_000),
		"large":     strings.Repeat("# x\n", 300_000),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := policy.Load("p.yaml", []byte(text)); err == nil {
				t.Error("no error")
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, c := range cases(f) {
		f.Add([]byte(c[1]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Load("p.yaml", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "p.yaml:") || len(err.Error()) > 1000 {
				t.Errorf("error without its place, or without an end: %q", err)
			}
			return
		}
		for _, w := range p.Waivers {
			if w.Reason == "" || w.Owner == "" || w.Expires.IsZero() {
				t.Errorf("waiver without reason, owner or date: %+v", w)
			}
		}
		r := &boltseal.Report{Findings: []boltseal.Finding{{Check: "vuln/known", Severity: boltseal.High, Key: "00ff"}}}
		p.Judge(r, time.Unix(1_800_000_000, 0))
		if len(r.Verdict.Policy) == 0 {
			t.Error("policy has no digest")
		}
	})
}
