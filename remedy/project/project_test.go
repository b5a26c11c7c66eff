package project_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/remedy/project"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Every testdata/*.txtar is a project: its comment holds "want:" and, after
// it, one line for each line that the Dockerfile must have; or "error:" and a
// part of the error.
func TestProjects(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 10 {
		t.Fatalf("got %d projects, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := project.Detect(tree(archive), "My Shop", nil)
			mode, lines, _ := strings.Cut(string(archive.Comment), "\n")
			if mode == "error:" {
				if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(lines)) {
					t.Fatalf("got %v, want an error with %q", err, lines)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			files, err := p.Files(nil)
			if err != nil || len(files) != len(project.Parts()) {
				t.Fatalf("got %d files, %v", len(files), err)
			}
			text := string(files[0].Content)
			have := map[string]bool{}
			for line := range strings.Lines(text) {
				have[strings.TrimSpace(line)] = true
			}
			for line := range strings.Lines(lines) {
				if line = strings.TrimSpace(line); line != "" && !have[line] {
					t.Errorf("the Dockerfile lacks %q:\n%s", line, text)
				}
			}
			for _, file := range files {
				if strings.Contains(string(file.Content), "{{") && file.Part != "workflow" || strings.Contains(strings.ReplaceAll(string(file.Content), "${{", ""), "{{") {
					t.Errorf("%s has an empty place:\n%s", file.Name, file.Content)
				}
			}
			clean(t, text)
		})
	}
}

// clean fails for every finding but the one that only a registry can remove.
func clean(t *testing.T, text string) {
	t.Helper()
	f := dockerfile.Parse("Dockerfile", []byte(text))
	for _, found := range docker.Run(f, docker.Rules(), nil) {
		if found.Check != "docker/not-pinned" {
			t.Errorf("%s in line %d: %s\n%s", found.Check, found.Location.Line, found.Message, text)
		}
	}
}

func tree(a *txtar.Archive) fs.FS {
	out := fstest.MapFS{}
	for _, f := range a.Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return out
}

func TestNothingIsGuessedOfAnEmptyFolder(t *testing.T) {
	if _, err := project.Detect(fstest.MapFS{"notes.txt": {}}, "x", nil); !errors.Is(err, project.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestParts(t *testing.T) {
	p, err := project.Detect(fstest.MapFS{"index.html": {}}, "site", nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.Files(&project.Options{Only: []string{"policy", "dockerignore"}})
	if err != nil || len(files) != 2 || files[0].Name != ".dockerignore" {
		t.Errorf("got %v, %v", files, err)
	}
	if _, err := p.Files(&project.Options{Only: []string{"helm"}}); err == nil {
		t.Error("an unknown part was taken")
	}
	image := "registry.example/a/b:1@sha256:" + strings.Repeat("a", 64)
	files, err = p.Files(&project.Options{Image: image, Namespace: "web"})
	if err != nil || !strings.Contains(string(files[2].Content), "image: "+image) || !strings.Contains(string(files[2].Content), "namespace: web\n") || !strings.Contains(string(files[3].Content), "IMAGE: registry.example/a/b\n") {
		t.Errorf("got %s %s, %v", files[2].Content, files[3].Content, err)
	}
	// Nodes without AppArmor refuse pods that ask for it, so init does not.
	found, gaps := kube.Run([]*manifest.File{manifest.Parse(files[2].Name, files[2].Content)}, kube.Rules(), nil)
	for _, f := range found {
		if f.Check != "kube/apparmor-missing" {
			t.Errorf("%s in line %d: %s", f.Check, f.Location.Line, f.Message)
		}
	}
	if len(gaps) > 0 {
		t.Errorf("gaps: %v", gaps)
	}
}

// Whatever package.json says, the Dockerfile stays one: nothing in a foreign
// file becomes an instruction.
func FuzzDetect(f *testing.F) {
	f.Add("app", "node server.js", "index.js", "24", "module example.com/app\n\ngo 1.26\n")
	f.Add("@a/b", "next start -p 3000", "\nRUN x", ">=22", "go 1.99")
	f.Add("x", "node a\"]\nRUN evil", "../../x", "", "")
	f.Fuzz(func(t *testing.T, name, start, main, engine, mod string) {
		pkg, err := json.Marshal(map[string]any{"name": name, "main": main, "scripts": map[string]string{"start": start, "build": "x"}, "engines": map[string]string{"node": engine}})
		if err != nil {
			t.Skip()
		}
		for _, fsys := range []fstest.MapFS{
			{"package.json": {Data: pkg}, "package-lock.json": {}},
			{"go.mod": {Data: []byte(mod)}, "main.go": {Data: []byte("package main\n")}},
			{"Cargo.toml": {Data: []byte("[package]\nname = \"" + name + "\"\n")}, "Cargo.lock": {}, "src/main.rs": {}},
			{"pom.xml": {Data: []byte("<java.version>" + engine + "</java.version>")}},
			{"a.csproj": {Data: []byte("<TargetFramework>net8.0</TargetFramework><AssemblyName>" + name + "</AssemblyName>")}},
			{"pyproject.toml": {Data: []byte("requires-python = \"==" + engine + "\"\n")}, "requirements.txt": {}, "main.py": {Data: []byte(main)}},
		} {
			p, err := project.Detect(fsys, name, nil)
			if err != nil {
				continue
			}
			files, err := p.Files(nil)
			if err != nil {
				t.Fatal(err)
			}
			d := dockerfile.Parse("Dockerfile", files[0].Content)
			if len(d.Errors) > 0 || len(d.Stages) != 2 {
				t.Fatalf("%v\n%s", d.Errors, files[0].Content)
			}
			for _, in := range d.Instrs {
				if strings.Contains(in.Args.Value, "evil") && in.Name != "CMD" {
					t.Fatalf("%s", files[0].Content)
				}
			}
		}
	})
}
