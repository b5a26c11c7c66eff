package docker

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// split turns a file that builds and runs in one stage into one with two,
// where how the language does that is known and the file leaves no doubt
// about what is run: the instructions behind the last RUN move to a stage
// that holds the runtime and what was built. What else the application reads
// from the sources is not known, so the fix is never safe.
func (p *Pass) split(step *Step, c *dockerfile.Command) []boltseal.Fix {
	s := step.In
	if len(p.Stages) != 1 || s.Base != nil || s.Windows || s.Alias.Text != "" || s.Image.Raw == "" || strings.ContainsRune(s.Stage.Image.Text, '$') {
		return nil
	}
	tail, start := p.runtimeTail(s)
	if tail == nil || start == nil {
		return nil
	}
	var stage string
	switch c.Name {
	case "go":
		stage = p.goRuntime(step, c, start)
	case "npm":
		stage = p.nodeRuntime(s, start)
	case "mvn", "gradle", "gradlew", "mvnw":
		stage = p.javaRuntime(s, start)
	}
	if stage == "" {
		return nil
	}
	return []boltseal.Fix{p.twoStages(s, tail, "", stage)}
}

// twoStages is the fix that names the first stage, adds something at its
// beginning, and begins another before an instruction.
func (p *Pass) twoStages(s *Stage, tail *Step, first, stage string) boltseal.Fix {
	at := tail.Span.Start
	if len(tail.Above) > 0 {
		at = tail.Above[0].Span.Start
	}
	nl := p.newline()
	return boltseal.Fix{Title: "build in one stage and run in another", Edits: []boltseal.Edit{
		{File: p.File.Name, Span: boltseal.Span{Start: s.Stage.Image.Span.End, End: s.Stage.Image.Span.End}, New: " AS build" + strings.ReplaceAll(first, "\n", nl)},
		{File: p.File.Name, Span: boltseal.Span{Start: at, End: at}, New: strings.ReplaceAll(stage, "\n", nl) + nl},
	}}
}

// runtimeTail is the first instruction behind the last RUN, COPY or WORKDIR
// of a stage, and the words that start the application. It is nil when an
// instruction that only matters at run time stands before: moving others
// around it would change what it says.
func (p *Pass) runtimeTail(s *Stage) (tail *Step, start []string) {
	for step := range s.All() {
		switch step.Name {
		case "FROM":
		case "RUN", "COPY", "ADD", "WORKDIR", "ARG":
			if tail != nil {
				return nil, nil
			}
		case "ENV":
			if tail == nil && !slices.ContainsFunc(step.Pairs, func(pair dockerfile.Pair) bool { return !buildOnly(pair.Key.Text) }) {
				continue
			}
			if tail == nil {
				return nil, nil
			}
		case "CMD", "ENTRYPOINT":
			words, ok := startWords(step)
			if !ok {
				return nil, nil
			}
			if step.Name == "ENTRYPOINT" {
				start = append(slices.Clone(words), start...)
			} else {
				start = append(start, words...)
			}
			fallthrough
		case "EXPOSE", "USER", "HEALTHCHECK", "LABEL", "STOPSIGNAL":
			if tail == nil {
				tail = step
			}
		default:
			return nil, nil
		}
	}
	return tail, start
}

// buildOnly tells whether a variable matters to the build alone.
func buildOnly(name string) bool {
	switch name {
	case "CGO_ENABLED", "GOOS", "GOARCH", "GOFLAGS", "GOPROXY", "GO111MODULE", "GOTOOLCHAIN", "DEBIAN_FRONTEND", "MAVEN_OPTS", "GRADLE_OPTS", "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "NPM_CONFIG_LOGLEVEL":
		return true
	}
	return false
}

// startWords are the words of CMD or ENTRYPOINT, if no shell has to read them.
func startWords(step *Step) ([]string, bool) {
	if !step.IsJSON() {
		return plainWords(step)
	}
	var words []string
	for _, w := range step.JSON {
		words = append(words, w.Text)
	}
	return words, len(words) > 0
}

// goRuntime is the stage for a program that go built: distroless without a C
// library when it needs none.
func (p *Pass) goRuntime(step *Step, c *dockerfile.Command, start []string) string {
	out := goOutput(step, c, p.File.Escape)
	end := step.In.End()
	if out == "" || end.target(start[0], p.File.Escape) != out || !pathLike(out) {
		return ""
	}
	base := "gcr.io/distroless/static-debian13:nonroot"
	if goBinary(step, c, p.File.Escape) != "" {
		if step.In.BaseImage().Libc != "glibc" {
			return "" // linked to musl: no distroless image has it
		}
		base = "gcr.io/distroless/base-debian13:nonroot"
	}
	return stageText(base, &end, start[0], "COPY --from=build "+out+" "+out)
}

// nodeRuntime is the stage for an application whose build makes a folder
// that is run: the same image, without sources and tools of the project.
func (p *Pass) nodeRuntime(s *Stage, start []string) string {
	end := s.End()
	dir := end.Workdir
	if len(start) < 2 || start[0] != "node" || dir == "" || dir == "/" || !pathLike(dir) {
		return ""
	}
	script := end.target(start[1], p.File.Escape)
	inner, ok := strings.CutPrefix(script, dir+"/")
	made, _, deep := strings.Cut(inner, "/")
	if !ok || !deep || !slices.Contains([]string{"dist", "build", "out", "lib"}, made) {
		return ""
	}
	for step := range s.All("RUN") {
		for n := range nodeInstalls(step) {
			if n.Tool != "npm" || n.Dir != dir || len(n.Args) > 0 {
				return ""
			}
		}
	}
	if _, ok := end.past.installed.Get(path.Join(dir, "node_modules")); !ok {
		return ""
	}
	text := stageText(s.Stage.Image.Text, &end, start[1],
		"COPY --from=build "+dir+"/package.json ./", "COPY --from=build "+dir+"/node_modules ./node_modules", "COPY --from=build "+dir+"/"+made+" ./"+made)
	if text == "" {
		return ""
	}
	// Without any module npm makes no folder, and the COPY would fail.
	return "RUN npm prune --omit=dev && mkdir -p node_modules\n" + text
}

// javaRuntime is the stage for an archive that Maven or Gradle built.
func (p *Pass) javaRuntime(s *Stage, start []string) string {
	end := s.End()
	at := slices.Index(start, "-jar")
	if start[0] != "java" || at < 0 || at+1 >= len(start) {
		return ""
	}
	jar := end.target(start[at+1], p.File.Escape)
	major := javaMajor(s.Image)
	if jar == "" || !pathLike(jar) || major == "" {
		return ""
	}
	return stageText("eclipse-temurin:"+major+"-jre", &end, start[at+1], "COPY --from=build "+jar+" "+jar)
}

// javaMajor is the release of Java that the tag of a builder speaks of.
func javaMajor(r Ref) string {
	for word := range strings.SplitSeq(r.Tag, "-") {
		word = strings.TrimPrefix(strings.TrimPrefix(word, "jdk"), "temurin")
		if major, _, _ := strings.Cut(word, "."); slices.Contains([]string{"8", "11", "17", "21", "25"}, major) && (r.Name == "eclipse-temurin" || strings.Contains(r.Tag, "temurin") || strings.Contains(r.Tag, "jdk")) {
			return major
		}
	}
	return ""
}

// stageText is the beginning of a stage. A program that is named by a
// relative path needs the folder that it was relative to.
func stageText(base string, end *State, program string, copies ...string) string {
	lines := []string{"", "FROM " + base}
	if end.Workdir != "" && end.WorkdirAt != nil {
		lines = append(lines, "WORKDIR "+end.Workdir)
	} else if !path.IsAbs(program) {
		return ""
	}
	return strings.Join(append(lines, copies...), "\n")
}

// pathLike tells whether a path needs no quotes in an instruction.
func pathLike(s string) bool {
	return s != "" && !strings.ContainsAny(s, " \t\"'$\\`*?[]#")
}

// pythonSplit moves what follows the installs of a full image to the slim
// one, with the packages in a virtual environment: the file that installs
// with pip -r and does nothing else.
func (p *Pass) pythonSplit(s *Stage) []boltseal.Fix {
	if len(p.Stages) != 1 || s.Alias.Text != "" || s.Image.Name != "python" || s.Image.Digest != "" || s.Image.Tag == "" || strings.ContainsRune(s.Stage.Image.Text, '$') {
		return nil
	}
	var last *Step
	for step := range s.All("RUN", "ENV", "ARG", "ADD") {
		if step.Name != "RUN" {
			return nil
		}
		for i := range step.Script.Commands {
			c := &step.Script.Commands[i]
			if at, ok := pipInstall(c); !ok || at.Text == "" || c.Has("--user", "--target", "-t", "--prefix", "--root") || manifestOf(c) == "" {
				return nil
			}
		}
		if step.Script.Error != nil || len(step.Script.Commands) == 0 || len(step.Heredocs) > 0 {
			return nil
		}
		last = step
	}
	if last == nil || last.at+1 >= len(s.Steps)-1 || last.State.UserAt != nil {
		return nil
	}
	brings := func(step *Step) bool { return fromContext(step) && codeIn(step) }
	if !slices.ContainsFunc(s.Steps[last.at+1:], brings) || slices.ContainsFunc(s.Steps[:last.at], brings) {
		return nil // the application would stay behind in the stage that installs
	}
	stage := stageText(s.Image.Raw+"-slim", &last.State, "/", // named by no path
		"ENV PATH=/opt/venv/bin:$PATH", "COPY --from=build /opt/venv /opt/venv")
	return []boltseal.Fix{p.twoStages(s, s.Steps[last.at+1], "\nRUN python -m venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH", stage)}
}
