package custom_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/custom"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

func acme(t testing.TB) *custom.Set {
	t.Helper()
	data, err := os.ReadFile("testdata/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := custom.Load("acme.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The cases of the example file pass, and cover every check of it.
func TestCases(t *testing.T) {
	set := acme(t)
	results := set.Test(t.Context())
	if len(results) != len(set.Tests) || len(results) < 10 {
		t.Fatalf("%d results", len(results))
	}
	for _, r := range results {
		if !r.Pass {
			t.Errorf("%s: %s", r.Test.Name, r.Words())
		}
	}
	if left := set.Untested(); len(left) > 0 {
		t.Errorf("no test for %v", left)
	}
}

// Load says what is wrong, where, and all of it at once.
func TestMistakes(t *testing.T) {
	const head = "checks:\n- id: acme/x\n  title: t\n  severity: low\n  over: component\n"
	for name, c := range map[string]struct{ text, want string }{
		"syntax on a line":          {head + "  expression: component.name == \n", "f.yaml:6:"},
		"unknown name":              {head + "  expression: true && componnt.name == 'x'\n", "f.yaml:6:23: undeclared reference to 'componnt'"},
		"in a block":                {head + "  expression: |\n    component.name == 'é' &&\n      'é' == nothing\n", "f.yaml:8:15: undeclared reference to 'nothing'"},
		"in quotes":                 {head + "  expression: \"nothing.a\"\n", "f.yaml:6:16: undeclared reference"},
		"not a truth value":         {head + "  expression: component.name + 'x'\n  when: \"'a'\"\n", "f.yaml:7:9: the expression gives a value of type string, and bool is wanted"},
		"two mistakes":              {head + "  expression: nothing\n  when: nobody\n", "undeclared reference to 'nobody'"},
		"a key that is not there":   {head + "  expression: 'true'\n  expresion: 'true'\n", `f.yaml:7:3: a check has no "expresion"`},
		"a variable that is not":    {head + "  expression: variables.x\n", "f.yaml:6:"},
		"no expression":             {head, "needs an expression"},
		"a family of ours":          {strings.Replace(head, "acme/", "docker/", 1) + "  expression: 'true'\n", "family of boltseal's own"},
		"a bad id":                  {strings.Replace(head, "acme/x", "Acme", 1) + "  expression: 'true'\n", "want family/name"},
		"a bad severity":            {strings.Replace(head, "low", "bad", 1) + "  expression: 'true'\n", `severity "bad"`},
		"a bad subject":             {strings.Replace(head, "component", "thing", 1) + "  expression: 'true'\n", `over "thing"`},
		"nothing":                   {"", "no checks"},
		"no mapping":                {"- a\n", "want a mapping"},
		"broken YAML":               {"checks: [\n", "f.yaml:"},
		"twice":                     {head + "  expression: 'true'\n" + strings.TrimPrefix(head, "checks:\n") + "  expression: 'true'\n", "f.yaml:7:3: check acme/x stands there twice"},
		"a test of nothing":         {head + "  expression: 'true'\ntests:\n- want: []\n", "f.yaml:8:3: a test needs one of"},
		"a test without want":       {head + "  expression: 'true'\ntests:\n- component: {name: x}\n", "a test needs want"},
		"a test of an unknown id":   {head + "  expression: 'true'\ntests:\n- component: {name: x}\n  want: [a/b]\n", "there is no check a/b"},
		"kinds of a component":      {head + "  kinds: [Pod]\n  expression: 'true'\n", "for checks over manifests"},
		"deeper than anybody reads": {head + "  expression: " + strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300) + "\n", "f.yaml:6:"},
		"longer than anybody reads": {head + "  expression: " + strings.Repeat("true || ", 4_000) + "true\n", "longer than"},
	} {
		_, err := custom.Load("f.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
			continue
		}
		for _, e := range custom.Errors(err) {
			if e.Line < 1 || e.Col < 1 || strings.Contains(e.Message, "\n") {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

func load(t testing.TB, over, rest string) *custom.Set {
	t.Helper()
	set, err := custom.Load("f.yaml", []byte("checks:\n- id: acme/x\n  title: t\n  severity: low\n  over: "+over+"\n"+rest))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// An expression that would not end, or would fill the memory, is a gap and no
// pass; a run ends although each of its evaluations would.
func TestHostileExpressions(t *testing.T) {
	var many []boltseal.Component
	for range 50 {
		many = append(many, boltseal.Component{Name: strings.Repeat("a", 5_000), PURL: "pkg:npm/a@1"})
	}
	numbers := "[" + strings.TrimSuffix(strings.Repeat("1,", 300), ",") + "]"
	for name, expression := range map[string]string{
		"nested loops": numbers + ".all(a, " + numbers + ".all(b, " + numbers + ".all(c, a + b + c > 0)))",
		"doubling":     strings.Repeat("[component.name].map(x, x + x)[0] + ", 12) + "'a' != 'b'",
		"regexp":       `component.name.matches('(a*)*(a*)*(a*)*(a*)*b') || true`,
		"range":        "lists.range(100000000).size() > 0",
	} {
		set := load(t, "component", "  expression: |\n    "+expression+"\n")
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		start := time.Now()
		findings, gaps := set.Run(ctx, &custom.Input{Components: many})
		cancel()
		if took := time.Since(start); took > 60*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if len(findings)+len(gaps) == 0 && name != "regexp" && name != "doubling" {
			t.Errorf("%s: passes", name)
		}
		if len(gaps) > 100 {
			t.Errorf("%s: %d gaps", name, len(gaps))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, gaps := load(t, "component", "  expression: lists.range(5000).all(a, a >= 0)\n").Run(ctx, &custom.Input{Components: many[:1]}); len(gaps) != 1 {
		t.Errorf("an interrupted run has gaps %v", gaps)
	}
}

// A field that is missing is a gap with the check and the place in it, and
// never a pass; a message that cannot be made is none.
func TestErrorsAreGaps(t *testing.T) {
	file := manifest.Parse("deploy.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec: {}\n"))
	in := &custom.Input{Manifests: []*manifest.File{file}}
	findings, gaps := load(t, "manifest", "  expression: object.spec.hostNetwork == false\n").Run(t.Context(), in)
	if len(findings) != 0 || len(gaps) != 1 || gaps[0].Kind != "check-error" || !strings.Contains(gaps[0].What, "acme/x of deploy.yaml:4") || !strings.Contains(gaps[0].Why, "no such key") {
		t.Errorf("got %v, %v", findings, gaps)
	}
	findings, gaps = load(t, "manifest", "  expression: has(object.spec.hostNetwork)\n  messageExpression: object.nothing.name\n  message: it is so\n").Run(t.Context(), in)
	if len(findings) != 1 || len(gaps) != 0 || findings[0].Message != "it is so" || findings[0].Location.Line != 4 || findings[0].Key == "" {
		t.Errorf("got %+v, %v", findings, gaps)
	}
	// A variable that nobody asks for may fail.
	findings, gaps = load(t, "manifest", "  variables:\n  - name: bad\n    expression: object.nothing.x\n  expression: object.kind == 'Pod' || variables.bad\n").Run(t.Context(), in)
	if len(findings)+len(gaps) != 0 {
		t.Errorf("got %v, %v", findings, gaps)
	}
}

// The place of a finding is that of the instruction.
func TestInstructionPlace(t *testing.T) {
	f := dockerfile.Parse("build/Dockerfile", []byte("FROM a\n\nRUN --mount=type=cache,target=/x \\\n  apt-get update\nENV A=\"b c\"\n"))
	in := &custom.Input{Dockerfiles: []*dockerfile.File{f}}
	for expression, line := range map[string]int{
		"!(instruction.name == 'RUN' && instruction.flags.mount.contains('cache') && instruction.commands[0].args == ['apt-get', 'update'])": 3,
		"instruction.pairs.?A.orValue('') != 'b c'":                     5,
		"!(instruction.name == 'FROM' && instruction.stage.final)":      1,
		"!(instruction.line == 5 && file == 'build/Dockerfile')":        5,
		"instruction.name != 'RUN' || instruction.words.size() != 2":    3,
		"instruction.name != 'ENV' || instruction.stage.image == 'b:1'": 5,
	} {
		findings, gaps := load(t, "instruction", "  expression: \""+expression+"\"\n").Run(t.Context(), in)
		if len(findings) != 1 || len(gaps) != 0 || findings[0].Location.Line != line {
			t.Errorf("%s: got %v, %v", expression, findings, gaps)
		}
	}
}

func FuzzLoad(f *testing.F) {
	data, err := os.ReadFile("testdata/acme.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("checks:\n- {id: a/b, title: t, severity: low, over: manifest, expression: \"object.a.b\", when: 'true'}\n"))
	f.Add([]byte("checks: &a [*a]\n"))
	in := &custom.Input{
		Dockerfiles: []*dockerfile.File{dockerfile.Parse("Dockerfile", []byte("FROM a\nRUN b\n"))},
		Manifests:   []*manifest.File{manifest.Parse("m.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"))},
		Components:  []boltseal.Component{{Name: "a", PURL: "pkg:npm/a@1"}},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := custom.Load("f.yaml", data)
		if err != nil {
			if len(custom.Errors(err)) == 0 {
				t.Fatalf("no place in %v", err)
			}
			return
		}
		findings, _ := set.Run(t.Context(), in)
		for _, found := range findings {
			if found.Key == "" || found.Message == "" {
				t.Fatalf("%+v", found)
			}
		}
		set.Test(t.Context())
		_, _, _ = set.VAP(nil)
	})
}

func BenchmarkRun(b *testing.B) {
	set := acme(b)
	f := manifest.Parse("m.yaml", []byte(strings.Repeat("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a@sha256:0'}]}\n---\n", 1_000)))
	in := &custom.Input{Manifests: []*manifest.File{f}}
	b.ReportAllocs()
	for b.Loop() {
		if findings, gaps := set.Run(b.Context(), in); len(findings)+len(gaps) > 0 {
			b.Fatal(findings, gaps)
		}
	}
}
