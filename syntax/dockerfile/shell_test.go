package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

func TestScript(t *testing.T) {
	for _, c := range []struct{ source, shell, want string }{
		{"RUN apt-get update && apt-get install -y \\\n  # tools\n  curl \"git\"", "sh", "apt-get update|apt-get install -y curl git"},
		{"RUN curl -fsSL https://x | tar xz > /dev/null || true", "sh", "curl -fsSL https://x pipes or|tar xz piped or writes /dev/null|true"},
		{"RUN sudo -E env A=1 npm ci", "sh", "npm ci sudo"},
		{"RUN if [ -f x ]; then rm -rf x; fi", "sh", "[ -f x ] nested|rm -rf x nested"},
		{"RUN set -o pipefail; cat <(ls)", "sh", "set -o pipefail|ls nested|cat <(ls)"},
		{"RUN x=$(id -u) && useradd app", "sh", "id -u nested||useradd app"},
		{`CMD ["/usr/bin/node", "server.js"]`, "sh", "node server.js"},
		{"RUN <<EOF\nset -e\napk add curl\nEOF", "ash", "set -e|apk add curl"},
		{"RUN <<-EOF bash\n\techo $HOME\n\tEOF", "sh", "echo $HOME"},
		{"RUN python3 <<EOF\nprint('x')\nEOF", "sh", "python3"},
		{"RUN echo $((", "sh", ""},
		{"RUN Write-Host x", "powershell", ""},
	} {
		f := dockerfile.Parse("Dockerfile", []byte("FROM a\n"+c.source+"\n"))
		script := f.Script(f.Instrs[1], c.shell)
		var got []string
		for _, cmd := range script.Commands {
			words := []string{}
			for i, w := range cmd.Args {
				text := w.Text
				if i == 0 {
					text = cmd.Name
				}
				words = append(words, text)
				if s := f.Text(w.Span); len(s) == len(w.Text) && s != w.Text {
					t.Errorf("%q: the word %q stands as %q", c.source, w.Text, s)
				}
			}
			for flag, on := range map[string]bool{"sudo": cmd.Sudo, "nested": cmd.Nested} {
				if on {
					words = append(words, flag)
				}
			}
			if cmd.Pipes {
				words = append(words, "pipes")
			}
			if cmd.Piped {
				words = append(words, "piped")
			}
			if cmd.Or {
				words = append(words, "or")
			}
			for _, w := range cmd.Writes {
				words = append(words, "writes", w.Text)
			}
			got = append(got, strings.Join(words, " "))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q: want (-), got (+):\n%s", c.source, diff)
		}
	}
}

func TestScriptSaysWhatItCannotRead(t *testing.T) {
	f := dockerfile.Parse("Dockerfile", []byte("FROM a\nRUN echo $((\n"))
	if s := f.Script(f.Instrs[1], "sh"); s.Error == nil {
		t.Error("want an error")
	}
}

func FuzzScript(f *testing.F) {
	f.Add("apt-get update && (a | b || c) > x; for i in 1 2; do $(x) `y` <(z); done")
	f.Fuzz(func(t *testing.T, body string) {
		file := dockerfile.Parse("Dockerfile", []byte("FROM a\nRUN "+body+"\n"))
		for _, in := range file.Instrs {
			for _, cmd := range file.Script(in, "sh").Commands {
				if len(cmd.Args) != len(cmd.Const) {
					t.Fatalf("%q: %d words, %d known", body, len(cmd.Args), len(cmd.Const))
				}
				for _, w := range cmd.Args {
					if w.Span.End > len(file.Source) || w.Span.Start > w.Span.End {
						t.Fatalf("%q: the word %q has span %v", body, w.Text, w.Span)
					}
				}
			}
		}
	})
}

// A file of a few megabytes must not exhaust the stack or the day.
func TestNestingIsBounded(t *testing.T) {
	for _, part := range []string{"$(", "(", "{ ", "`", "\"$(", "${A:-", "<(", "$((", "if true; then ", "! ", "a[", "f()", "a && ", "a | ", "time ", "while ", "case a in a) ", "a\\\n", "<<E ", "[[ ! "} {
		for _, n := range []int{19_000, 300_000} {
			f := dockerfile.Parse("Dockerfile", []byte("FROM a\nRUN echo "+strings.Repeat(part, n)+"\n"))
			s := f.Script(f.Instrs[1], "bash")
			if len(f.Instrs[1].Args.Value) > 1<<18 && !s.Skipped {
				t.Errorf("%d times %q: was read", n, part)
			}
		}
	}
	f := dockerfile.Parse("Dockerfile", []byte("FROM a\n"+strings.Repeat("ONBUILD ", 500_000)+"RUN a\n"))
	if len(f.Instrs) != 2 || f.Instrs[1].Trigger.Name != "ONBUILD" {
		t.Errorf("got %d instructions", len(f.Instrs))
	}
}
