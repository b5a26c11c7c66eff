package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// maxSource bounds one source file; what is larger was not written by people.
const maxSource = 4 << 20

// maxInstructions bounds one Dockerfile, and so the memory that it takes.
const maxInstructions = 100_000

// errNoSource is returned by Lint where there is nothing to check.
var errNoSource = errors.New("no Dockerfile there")

// Lint checks the source files at and below paths: those whose names say that
// they are Dockerfiles, and whatever file is named itself. Findings have the
// path as the user would write it. What cannot be read is a gap.
func Lint(ctx context.Context, paths []string, opts *Options) (*boltseal.Report, error) {
	o := withDefaults(opts)
	report := &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: o.Tool, Time: o.Now().UTC(),
		Artifact:   boltseal.Artifact{Kind: boltseal.KindDirectory, Name: strings.Join(paths, " ")},
		Components: []boltseal.Component{}, Findings: []boltseal.Finding{}, Gaps: []boltseal.Gap{},
	}
	seen := 0
	for _, name := range paths {
		n, err := lintPath(ctx, report, name, &o)
		if err != nil {
			return nil, err
		}
		seen += n
	}
	if seen == 0 && len(report.Gaps) == 0 {
		return nil, fmt.Errorf("lint %s: %w", strings.Join(paths, " "), errNoSource)
	}
	report.Sort()
	o.Policy.Judge(report, o.Now())
	return report, nil
}

func lintPath(ctx context.Context, report *boltseal.Report, name string, o *Options) (n int, err error) {
	scheme := "dir:"
	root := name
	if o.IsFile != nil && o.IsFile(name) {
		scheme, root = "file:", path.Dir(name)
	}
	subject, err := source.Open(ctx, scheme+name, &o.Source)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	report.Gaps = append(report.Gaps, subject.Gaps...)
	err = fs.WalkDir(subject.Root, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			report.Gaps = append(report.Gaps, unreadable(path.Join(root, file), err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && file != "." && passedOver(d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular() && (scheme == "file:" || IsDockerfile(d.Name())):
			n++
			lintFile(report, subject.Root, file, path.Join(root, file), o)
		}
		return nil
	})
	return n, err
}

// lintFile checks one file, or notes why it cannot.
func lintFile(report *boltseal.Report, fsys fs.FS, file, name string, o *Options) {
	o.Looked("docker", name)
	content, err := readSource(fsys, file)
	if err != nil {
		report.Gaps = append(report.Gaps, unreadable(name, err))
		return
	}
	if n := len(dockerfile.Parse(name, content).Instrs); n > maxInstructions {
		report.Gaps = append(report.Gaps, boltseal.Gap{Kind: "limit", What: "file " + name,
			Why: fmt.Sprintf("%d instructions, and more than %d are not checked: nobody wrote those", n, maxInstructions)})
		return
	}
	report.Findings = append(report.Findings, lintDockerfile(name, content, o.Now())...)
}

func unreadable(name string, err error) boltseal.Gap {
	return boltseal.Gap{Kind: "unreadable-file", What: "file " + name, Why: err.Error()}
}

// passedOver are folders that hold what others wrote.
func passedOver(name string) bool {
	return name == "node_modules" || name == "vendor" || len(name) > 1 && name[0] == '.' && name != ".github"
}

// IsDockerfile tells by its name whether a file is a Dockerfile.
func IsDockerfile(name string) bool {
	lower := strings.ToLower(name)
	for _, word := range []string{"dockerfile", "containerfile"} {
		if lower == word || strings.HasPrefix(lower, word+".") || strings.HasSuffix(lower, "."+word) {
			return !strings.HasSuffix(lower, ".dockerignore")
		}
	}
	return false
}

func readSource(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxSource {
		return nil, fmt.Errorf("it is larger than %d bytes, and nobody wrote that", maxSource)
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return nil, errors.New("it is not text")
	}
	return content, nil
}

// LintDockerfile checks one Dockerfile. It has no clock, so it leaves ends of
// life alone.
func LintDockerfile(name string, content []byte) []boltseal.Finding {
	return lintDockerfile(name, content, time.Time{})
}

func lintDockerfile(name string, content []byte, now time.Time) []boltseal.Finding {
	return docker.Run(dockerfile.Parse(name, content), docker.Rules(), &docker.Options{Now: now})
}

// LintChecks lists what Lint looks for.
func LintChecks() []boltseal.Check { return append(docker.Checks(), policy.Checks()...) }
