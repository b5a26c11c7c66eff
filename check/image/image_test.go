package image_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/image"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Every rule has a file testdata/<slug>.txt: images as internal/testimage
// writes them, apart by "#----". Lines before the first marker say what the
// rule must find, as "want: REGEXP", one for each finding; without one it must
// find nothing. "tag: NAME" and "layer: BYTES" set the image's name and the
// stored size of its first layer.
func TestRules(t *testing.T) {
	for _, rule := range image.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", strings.TrimPrefix(rule.ID, "image/")+".txt"))
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			ruletest.Entry(t, rule.Check)
			parts := strings.Split(string(data), "#----\n")
			if len(parts) < 2 {
				t.Error("want an image in which the rule finds nothing, too")
			}
			for _, part := range parts {
				runPart(t, rule, part)
			}
		})
	}
}

func runPart(t *testing.T, rule image.Rule, part string) {
	t.Helper()
	var want []string
	tag, size := "", int64(0)
	head, _, _ := strings.Cut(part, "-- ")
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "want":
			want = append(want, value)
		case "tag":
			tag = value
		case "layer":
			size, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	img, done := open(t, part[len(head):], tag)
	defer done()
	if size > 0 {
		img.Artifact.Layers[0].Size = size
	}
	findings, gaps := image.Run(img, []image.Rule{rule}, &image.Options{Now: now})
	if len(gaps) > 0 {
		t.Errorf("got gaps %v", gaps)
	}
	if len(findings) != len(want) {
		t.Errorf("got %d findings, want %d: %+v", len(findings), len(want), findings)
	}
	for _, pattern := range want {
		found := false
		for _, f := range findings {
			found = found || f.Check == rule.ID && regexp.MustCompile(pattern).MatchString(f.Message)
		}
		if !found {
			t.Errorf("wanted and not found: %s; got %+v", pattern, findings)
		}
	}
}

// open packs the image and opens it as a scan does.
func open(t *testing.T, text, tag string) (*image.Image, func()) {
	t.Helper()
	im := testimage.Parse(t, text)
	if len(im.Layers) == 0 {
		im.Layers = append(im.Layers, testimage.NewLayer(t, "plain", testimage.Tar(t)))
		im.History = append(im.History, testimage.History{})
	}
	if tag != "" {
		im.Tag = tag
	}
	name := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(name, testimage.DockerArchive(t, testimage.Legacy, im), 0o600); err != nil {
		t.Fatal(err)
	}
	subject, err := source.Open(t.Context(), "docker-archive:"+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	fsys, err := layer.Read(t.Context(), subject.Blobs, nil)
	if err != nil {
		t.Fatal(err)
	}
	artifact := subject.Artifact
	if tag != "" {
		artifact.Name = tag
	}
	return &image.Image{Artifact: &artifact, Config: subject.Config, Files: fsys, Lost: fsys.Lost()}, func() {
		_ = fsys.Close()
		_ = subject.Close()
	}
}

func TestRunWithoutFilesOrConfiguration(t *testing.T) {
	findings, gaps := image.Run(&image.Image{Artifact: &boltseal.Artifact{Name: "a"}, Config: []byte("{")}, image.Rules(), nil)
	if len(gaps) != 1 {
		t.Errorf("got %v, want a gap for the configuration", gaps)
	}
	for _, f := range findings {
		if f.Message == "" || f.Check == "" {
			t.Errorf("got %+v", f)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"config":{"User":"0","Env":["A_PASSWORD=b"],"ExposedPorts":{"22/tcp":{}},"Volumes":{"/":{}}},"history":[{"created_by":"ADD http://a b"}]}`))
	f.Fuzz(func(t *testing.T, config []byte) {
		a := &boltseal.Artifact{Name: "a:latest"}
		findings, _ := image.Run(&image.Image{Artifact: a, Config: config}, image.Rules(), &image.Options{Now: now})
		for i := range findings {
			if findings[i].Severity == boltseal.Unknown || findings[i].Title == "" {
				t.Fatalf("got %+v", findings[i])
			}
		}
	})
}
