package project

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errNoMain = errors.New("the module has no package main, at its root or below cmd/: a library needs no image")

const nodeDockerfile = `
# syntax=docker/dockerfile:1

FROM node:{{node}}-trixie AS build
WORKDIR /app
COPY {{manifests}} ./
RUN --mount=type=cache,target={{cache}} {{install}}
COPY . .
{{build}}RUN --mount=type=cache,target={{cache}} {{prune}}

FROM {{runtime}}
ENV NODE_ENV=production PORT={{port}}
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
{{shipped}}USER 65532:65532
EXPOSE {{port}}
HEALTHCHECK --start-period=10s --interval=30s --timeout=3s \
    CMD ["{{interpreter}}", "-e", "require('net').connect({{port}}).on('connect', () => process.exit(0)).on('error', () => process.exit(1))"]
CMD {{start}}
`

// nodeMajor is the release that is run with, unless the project asks for
// another one that is still cared for.
const nodeMajor = "24"

type packageJSON struct {
	Name    string            `json:"name"`
	Main    string            `json:"main"`
	Scripts map[string]string `json:"scripts"`
	Engines map[string]string `json:"engines"`
	Needs   map[string]string `json:"dependencies"`
}

// nodeTool is how one of Node's package managers is used.
type nodeTool struct{ lock, cache, install, prune, run string }

var nodeTools = map[string]nodeTool{
	"npm":  {"package-lock.json", "/root/.npm", "npm ci", "npm prune --omit=dev", "npm run build"},
	"yarn": {"yarn.lock", "/usr/local/share/.cache/yarn", "yarn install --frozen-lockfile", "yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline", "yarn run build"},
	"pnpm": {"pnpm-lock.yaml", "/root/.local/share/pnpm/store", "corepack enable pnpm && pnpm install --frozen-lockfile", "CI=true pnpm prune --prod", "pnpm run build"},
}

func nodeProject(f *folder, p *Project) error {
	p.Kind = "node"
	var pkg packageJSON
	if err := json.Unmarshal([]byte(f.read("package.json")), &pkg); err != nil {
		return fmt.Errorf("read package.json: %w", err)
	}
	if pkg.Name != "" {
		p.Name = label(strings.TrimPrefix(pkg.Name, "@"))
	}
	for _, name := range []string{"npm", "yarn", "pnpm"} {
		if p.Tool == "" && f.has(nodeTools[name].lock) {
			p.Tool = name
		}
	}
	if p.Tool == "" {
		return errors.New("package.json has no lock file beside it: run npm install once and commit package-lock.json, so that the image gets what was tested")
	}
	if p.Port == 8080 {
		p.Port = 3000
	}
	tool := nodeTools[p.Tool]
	if len(pkg.Needs) == 0 {
		tool.prune += " && mkdir -p node_modules" // without any module there is no folder to copy
	}
	manifests := "package.json " + tool.lock
	for _, name := range []string{".npmrc", "pnpm-workspace.yaml", ".yarnrc.yml"} {
		if f.has(name) {
			p.note("%s is not copied; if the install needs it, mount it as a secret: --mount=type=secret,id=npmrc,target=/app/%s", name, name)
		}
	}
	args, direct := pkg.start(f)
	if args == nil {
		return errors.New(`package.json says nothing of how the application starts: give it a script "start", or "main"`)
	}
	build := ""
	if _, ok := pkg.Scripts["build"]; ok {
		build = "RUN " + tool.run + "\n"
	}
	major := pkg.major(f)
	runtime, interpreter := "node:"+major+"-trixie-slim", "node"
	if direct {
		runtime, interpreter = "gcr.io/distroless/nodejs"+major+"-debian13:nonroot", "/nodejs/bin/node"
	}
	p.ignore = []string{"node_modules/", "npm-debug.log*", "yarn-error.log", "coverage/", ".nyc_output/", ".next/cache/"}
	start, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("write the start command: %w", err)
	}
	p.dockerfile = fill(nodeDockerfile, "node", major, "manifests", manifests, "cache", tool.cache, "install", tool.install, "build", build, "prune", tool.prune,
		"runtime", runtime, "shipped", p.shipped(&pkg, args), "port", strconv.Itoa(p.Port), "interpreter", interpreter, "start", strings.ReplaceAll(string(start), ",", ", "))
	p.note("port %d is a guess: the application gets it as PORT (--port)", p.Port)
	return nil
}

// start are the arguments that start the application. direct says that they
// are for the interpreter alone, so that no shell and no npm is needed.
func (pkg *packageJSON) start(f *folder) (args []string, direct bool) {
	script := strings.Fields(pkg.Scripts["start"])
	for _, w := range script {
		if !plain(w) && !(strings.HasPrefix(w, "--") && plain(strings.TrimPrefix(strings.ReplaceAll(w, "=", ""), "--"))) {
			return []string{"npm", "run", "start"}, false
		}
	}
	switch {
	case len(script) > 1 && script[0] == "node":
		return script[1:], true
	case len(script) > 0 && plain(script[0]):
		return append([]string{"node_modules/.bin/" + script[0]}, script[1:]...), false
	case plain(pkg.Main):
		return []string{pkg.Main}, true
	}
	if name := f.first("server.js", "index.js", "app.js", "main.js"); name != "" {
		return []string{name}, true
	}
	return nil, false
}

// shipped are the instructions that bring the application beside its modules:
// what the build makes, and the sources where they are what is run.
func (p *Project) shipped(pkg *packageJSON, args []string) string {
	build, built := pkg.Scripts["build"]
	if !built {
		return "COPY . .\n"
	}
	for _, arg := range args {
		dir, _, ok := strings.Cut(strings.TrimPrefix(arg, "./"), "/")
		if ok && (dir == "dist" || dir == "build" || dir == "out" || dir == "lib" || dir == ".output") {
			return "COPY --from=build /app/" + dir + " ./" + dir + "\nCOPY package.json ./\n"
		}
	}
	makes := "dist"
	switch words := " " + build + " "; {
	case strings.Contains(words, " next build"):
		makes = ".next"
	case strings.Contains(words, " nuxt build"), strings.Contains(words, " nuxi build"):
		makes = ".output"
	case strings.Contains(words, " remix "), strings.Contains(words, "react-scripts"), strings.Contains(words, "svelte"):
		makes = "build"
	default:
		p.note("what %q makes is taken to be %s/: change the COPY if it is another folder", build, makes)
	}
	return "COPY . .\nCOPY --from=build /app/" + makes + " ./" + makes + "\n"
}

// major is the release of Node that the project asks for, if there is one and
// it is still cared for.
func (pkg *packageJSON) major(f *folder) string {
	for _, text := range []string{f.read(".nvmrc"), f.read(".node-version"), pkg.Engines["node"]} {
		digits := strings.TrimLeft(strings.TrimSpace(text), "v^~>= ")
		switch number, _, _ := strings.Cut(digits, "."); strings.TrimSpace(number) {
		case "22", "24", "26":
			return strings.TrimSpace(number)
		}
	}
	return nodeMajor
}
