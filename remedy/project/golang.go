package project

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

const goDockerfile = `
# syntax=docker/dockerfile:1

FROM golang:{{go}}-trixie AS build
WORKDIR /src
COPY {{manifests}} ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED={{cgo}} go build -trimpath -ldflags="-s -w" -o /out/app {{main}}

FROM gcr.io/distroless/{{base}}-debian13:nonroot
COPY --from=build /out/app /app
USER 65532:65532
EXPOSE {{port}}
# The image has no shell and no tools: Kubernetes asks the port itself.
HEALTHCHECK NONE
ENTRYPOINT ["/app"]
`

// goMinor is the release that is built with, unless the module asks for a
// newer one: what an older one built, it builds too.
const goMinor = 26

func goProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "go", "go"
	minor := goMinor
	for line := range strings.Lines(f.read("go.mod")) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "module":
			module := strings.Trim(fields[1], `"`)
			if majorVersion(path.Base(module)) {
				module = path.Dir(module)
			}
			p.Name = label(module)
		case "go", "toolchain":
			parts := strings.Split(strings.TrimPrefix(fields[1], "go"), ".")
			if n, err := strconv.Atoi(second(parts)); err == nil && parts[0] == "1" {
				minor = max(minor, n)
			}
		}
	}
	main, err := f.goMain(p)
	if err != nil {
		return err
	}
	manifests := "go.mod"
	if f.has("go.sum") {
		manifests = "go.mod go.sum"
	}
	cgo, base := "0", "static"
	if f.usesCgo(main) {
		cgo, base = "1", "base"
		p.note("package %s uses cgo: the image has glibc; add what else it links to", main)
	}
	p.ignore = []string{"bin/", "dist/", "*.test", "*.out"}
	p.dockerfile = fill(goDockerfile, "go", "1."+strconv.Itoa(minor), "manifests", manifests, "cgo", cgo, "base", base, "main", main, "port", strconv.Itoa(p.Port))
	p.note("port %d is a guess: nothing in a Go module says which one it serves (--port)", p.Port)
	return nil
}

func second(parts []string) string {
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// majorVersion tells whether a path's last part is the major version of a
// module: v2.
func majorVersion(name string) bool {
	_, err := strconv.Atoi(strings.TrimPrefix(name, "v"))
	return err == nil && strings.HasPrefix(name, "v")
}

// goMain is the package to build: the module's root, or the one below cmd/
// that is called as the module, or the first of them.
func (f *folder) goMain(p *Project) (string, error) {
	if f.isMain(".") {
		return ".", nil
	}
	var mains []string
	for _, dir := range f.glob("cmd/*") {
		if plain(dir) && f.isMain(dir) {
			mains = append(mains, path.Base(dir))
		}
	}
	if len(mains) == 0 {
		return "", errNoMain
	}
	chosen := mains[0]
	if slices.Contains(mains, p.Name) {
		chosen = p.Name
	} else if len(mains) > 1 {
		p.note("of the programs %s the image has %s", strings.Join(mains, ", "), chosen)
	}
	return "./cmd/" + chosen, nil
}

// isMain tells whether a folder holds package main.
func (f *folder) isMain(dir string) bool {
	for _, name := range f.glob(path.Join(dir, "*.go")) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for line := range strings.Lines(f.read(name)) {
			if strings.TrimSpace(line) == "package main" {
				return true
			}
		}
	}
	return false
}

// usesCgo tells whether the package itself imports "C".
func (f *folder) usesCgo(main string) bool {
	for _, name := range f.glob(path.Join(main, "*.go")) {
		for line := range strings.Lines(f.read(name)) {
			if line = strings.TrimSpace(line); line == `import "C"` || line == `"C"` {
				return true
			}
		}
	}
	return false
}
