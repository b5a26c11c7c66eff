package cli_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	server "github.com/google/go-containerregistry/pkg/registry"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal/source/registry"
)

const pulledRule = `
- rule: pulled
  desc: d
  condition: evt.type = execve and proc.name = sh
  output: o
  priority: INFO
`

// pushRules puts rule files into a registry as falcoctl does.
func pushRules(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for file, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	client, err := registry.New(&registry.Options{PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ref, err := registry.ParseRef(name)
	if err != nil {
		t.Fatal(err)
	}
	blob := func(mediaType string, data []byte) ocispec.Descriptor {
		d := registry.Describe(mediaType, data)
		if err := client.PutBlob(t.Context(), ref, d, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }); err != nil {
			t.Fatal(err)
		}
		return d
	}
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: blob("application/vnd.cncf.falco.rulesfile.config.v1+json", []byte(`{"name":"rules","version":"1.0.0"}`)),
		Layers: []ocispec.Descriptor{blob("application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz", b.Bytes())}}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d, err := client.PutManifest(t.Context(), ref, m.MediaType, data)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitN(name, ":1", 2)[0] + "@" + string(d)
}

func TestRulesPull(t *testing.T) {
	s := httptest.NewServer(server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(true)))
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(s.URL, "http://")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	good := address + "/rules:good"
	pushRules(t, good, map[string]string{"deep/../../rules.yaml": pulledRule, "README.md": "no rules"})

	out, errs := boltseal(t, 0, "rules", "pull", "-d", file("rules"), good)
	wantText(t, out, file("rules/rules.yaml"))
	wantText(t, errs, "nobody's signature was asked for", "@sha256:")
	data, err := os.ReadFile(file("rules/rules.yaml"))
	if err != nil || string(data) != pulledRule {
		t.Errorf("%q, %v", data, err)
	}
	if all, _ := filepath.Glob(file("*")); len(all) != 1 {
		t.Errorf("files beside the folder: %q", all)
	}

	// Only what somebody signed is taken.
	boltseal(t, 0, "key", "generate", "--output-prefix", file("k"))
	_, errs = boltseal(t, 1, "rules", "pull", "--key", file("k.pub"), "-d", file("signed"), good)
	wantText(t, errs, "no signature found")
	boltseal(t, 0, "sign", "--key", file("k.key"), good)
	boltseal(t, 0, "rules", "pull", "--key", file("k.pub"), "-d", file("signed"), good)

	// What does not load replaces nothing.
	pushRules(t, address+"/rules:bad", map[string]string{"rules.yaml": "- rule: [\n"})
	_, errs = boltseal(t, 2, "rules", "pull", "-d", file("rules"), address+"/rules:bad")
	wantText(t, errs, "nothing was written")
	if data, err := os.ReadFile(file("rules/rules.yaml")); err != nil || string(data) != pulledRule {
		t.Errorf("%q, %v", data, err)
	}
	_, errs = boltseal(t, 3, "rules", "pull", "-d", file("rules"), address+"/rules:none")
	wantText(t, errs, "not found")
}
