package registry_test

import (
	"strings"
	"testing"

	"github.com/boltseal/boltseal/source/registry"
)

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseRef(t *testing.T) {
	for in, want := range map[string]string{
		"alpine":                             "docker.io/library/alpine:latest",
		"alpine:3.22":                        "docker.io/library/alpine:3.22",
		"grafana/grafana":                    "docker.io/grafana/grafana:latest",
		"docker.io/alpine":                   "docker.io/library/alpine:latest",
		"index.docker.io/library/alpine:1":   "docker.io/library/alpine:1",
		"localhost:5000/app":                 "localhost:5000/app:latest",
		"localhost/app:1":                    "localhost/app:1",
		"ghcr.io/a/b/c/d:v1":                 "ghcr.io/a/b/c/d:v1",
		"alpine@sha256:" + hex64:             "docker.io/library/alpine@sha256:" + hex64,
		"alpine:3.22@sha256:" + hex64:        "docker.io/library/alpine:3.22@sha256:" + hex64,
		"h:5000/app@sha512:" + hex64 + hex64: "h:5000/app@sha512:" + hex64 + hex64,
		"":                                   "",
		"Alpine":                             "",
		"a b":                                "",
		"https://ghcr.io/a/b":                "",
		"alpine@sha256:123":                  "",
		"alpine@md5:" + hex64:                "",
		"alpine:" + strings.Repeat("a", 200): "",
		"../../etc/passwd":                   "",
		strings.Repeat("a/", 2000) + "b":     "",
	} {
		got, err := registry.ParseRef(in)
		switch {
		case want == "" && err == nil:
			t.Errorf("ParseRef(%.60q) = %s, want an error", in, got)
		case want != "" && err != nil:
			t.Errorf("ParseRef(%.60q): %v", in, err)
		case want != "" && got.String() != want:
			t.Errorf("ParseRef(%.60q) = %s, want %s", in, got, want)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"alpine:3.22", "h:5000/a/b@sha256:" + hex64, "[::1]:5000/x", "a//b", ":", "@", "docker.io/x:y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := registry.ParseRef(s)
		if err != nil {
			return
		}
		if r.Host == "" || r.Repository == "" || r.Tag == "" && r.Digest == "" {
			t.Fatalf("ParseRef(%q) = %+v: a part is missing", s, r)
		}
		if strings.ContainsAny(r.Host+r.Repository+r.Tag, " \n\r\x00?#%") || strings.Contains(r.Repository, "..") {
			t.Fatalf("ParseRef(%q) = %+v: would change the URL it goes into", s, r)
		}
		again, err := registry.ParseRef(r.String())
		if err != nil || again != r {
			t.Fatalf("ParseRef(%q) = %+v, %v, want %+v", r, again, err, r)
		}
	})
}
