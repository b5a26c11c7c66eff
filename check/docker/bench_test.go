package docker_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// One ordinary file of three stages, parsed and checked by every rule.
func BenchmarkRun(b *testing.B) {
	source, err := os.ReadFile(filepath.Join("testdata", "bench", "Dockerfile"))
	if err != nil {
		b.Fatal(err)
	}
	rules := docker.Rules()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		docker.Run(dockerfile.Parse("Dockerfile", source), rules, nil)
	}
}

// shapes are Dockerfiles of n parts, each of a form that could make a rule or
// the model look at everything again for every part.
var shapes = map[string]func(n int) string{
	"mixed": func(n int) string {
		return "FROM debian:13 AS build\n" + parts(n, "ENV A%d=$A0/x\n", "RUN apt-get install -y p%d && rm -rf /tmp/f%d\n", "COPY --chown=1:1 src%d /srv/d%d\n", "RUN apk del p%d\n", "HEALTHCHECK CMD curl x%d\n", "# hadolint ignore=DL3008\nRUN curl -o /f%d https://x/y%d && npm ci\n", "RUN chown -R 7 /srv/%d\n") + "USER 7\n"
	},
	"stages": func(n int) string {
		return parts(n, "FROM node:24 AS s%d\nWORKDIR /app\nRUN npm ci\nENTRYPOINT [\"node\"]\n") + "FROM debian:13\n" + parts(n, "COPY --from=s%d /app/node_modules /app/node_modules\n")
	},
	"chain": func(n int) string {
		var b strings.Builder
		b.WriteString("FROM alpine:3.23 AS s0\n")
		for i := range n {
			fmt.Fprintf(&b, "FROM s%d AS s%d\nENV V%d=1\nRUN apk add p%d\nCMD node x\n", i, i+1, i, i)
		}
		return b.String()
	},
	"fork": func(n int) string {
		return "FROM debian:13 AS s\n" + parts(n, "ENV V%d=$V0 W%d=1\nRUN npm install\n") + parts(n, "FROM s\nCOPY --from=s /x%d /y\n")
	},
	"commands": func(n int) string {
		return "FROM alpine:3.23\nRUN true" + parts(n, " \\\n  && apk add --virtual .v%d p%d && apk del p%d && X%d=1 curl $VAR%d -o f%d && git clone x%d && rm f%d") + "\n"
	},
	"env": func(n int) string {
		return "FROM alpine:3.23\nENV" + parts(n, " A%d=$A%d") + "\nARG TOKEN\nLABEL" + parts(n, " l%d=$A%d") + "\n"
	},
	"doubling": func(n int) string {
		return "FROM alpine:3.23\nENV A=aaaa\n" + parts(n, "ENV A=$A$A B%d=$A$A$A\n") + "WORKDIR $A\n"
	},
	"comments": func(n int) string {
		return parts(n, "# checkov:skip=CKV_DOCKER_%d:x\n") + "FROM alpine\n" + parts(n, "# hadolint ignore=DL%d\n") + "RUN true" + parts(n, "; apk add p%d") + "\n"
	},
	"words": func(n int) string {
		return "FROM node:24\nRUN --mount=type=secret,id=a apt-get install" + parts(n, " p%d") + "\nCOPY" + parts(n, " src%d/node_modules") + " /dst/\nEXPOSE" + parts(n, " %d") + "\n"
	},
	"quotes": func(n int) string {
		return "FROM alpine:3.23\nRUN echo " + strings.Repeat("$(", n) + "true" + strings.Repeat(")", n) + "\nENV A=" + strings.Repeat("${A:-", n) + strings.Repeat("}", n) + "\n"
	},
	"heredocs": func(n int) string {
		return "FROM alpine:3.23\n" + parts(n, "RUN <<E%d\napk add p%d\nE%d\n") + "COPY" + parts(n, " <<F%d") + " /x/\n" + parts(n, "F%d\n")
	},
}

// parts repeats the formats n times, with the number of the repetition for
// every verb.
func parts(n int, formats ...string) string {
	var b strings.Builder
	for i := range n {
		for _, format := range formats {
			b.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
		}
	}
	return b.String()
}

// The time of a check must grow with the file and no faster: ns/byte stays.
func BenchmarkGrowth(b *testing.B) {
	rules := docker.Rules()
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		for _, n := range []int{100, 1_000, 10_000} {
			source := []byte(shapes[name](n))
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(source)))
				for b.Loop() {
					docker.Run(dockerfile.Parse("Dockerfile", source), rules, nil)
				}
			})
		}
	}
}

// A part may not cost much more in a file of many parts than in one of few.
// The margin is wide, for a busy machine; what is
// quadratic takes a hundred times as long.
func TestTimeGrowsWithTheFile(t *testing.T) {
	rules := docker.Rules()
	took := func(source []byte) time.Duration {
		start := time.Now()
		docker.Run(dockerfile.Parse("Dockerfile", source), rules, nil)
		return time.Since(start)
	}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		small, large := []byte(shapes[name](100)), []byte(shapes[name](1_000))
		few, many := took(small), took(large)
		// On a busy machine any one measure may be far off: the least counts.
		for n := 0; many > 40*few && n < 20; n++ {
			few, many = max(few, took(small)), min(many, took(large))
		}
		if many > 40*few+10*time.Millisecond {
			t.Errorf("%s: 100 parts take %v, and 1000 take %v", name, few, many)
		}
	}
}

// FuzzRun looks for files on which a rule fails, or reports what is not in
// the file.
func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.Dockerfile")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	rules := docker.Rules()
	f.Fuzz(func(t *testing.T, source []byte) {
		opts := &docker.Options{Context: []string{".git"}, Labels: []string{"a"}, Registries: []string{"x"}, Ignored: func(name string) bool { return name == "a" }}
		for _, found := range docker.Run(dockerfile.Parse("Dockerfile", source), rules, opts) {
			spans := []int{found.Location.Span.Start, found.Location.Span.End}
			for _, fix := range found.Fixes {
				for _, e := range fix.Edits {
					spans = append(spans, e.Span.Start, e.Span.End)
				}
			}
			for i := 0; i < len(spans); i += 2 {
				if spans[i] < 0 || spans[i] > spans[i+1] || spans[i+1] > len(source) {
					t.Fatalf("%s: the span %d to %d does not fit a file of %d bytes", found.Check, spans[i], spans[i+1], len(source))
				}
			}
		}
	})
}
