package upgrade

var _ = add(manager{
	name: "Go modules", types: []string{"golang"}, locks: []string{"go.mod", "go.sum"}, beside: []string{"go.mod", "go.sum"}, tool: "go",
	commands: func(_ string, needs []Need) [][]string {
		get := []string{"go", "get"}
		for _, n := range needs {
			if n.Name == "stdlib" || n.Name == "toolchain" {
				get = append(get, "go@"+n.To)
				continue
			}
			get = append(get, n.Name+"@v"+trimV(n.To))
		}
		return [][]string{get, {"go", "mod", "download"}}
	},
	env: []string{"GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local"},
})

func trimV(version string) string {
	if len(version) > 1 && version[0] == 'v' {
		return version[1:]
	}
	return version
}

// npmFlags keep npm to the lock file: nothing is installed, no script is run.
var npmFlags = []string{"--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"}

var _ = add(manager{
	name: "npm", types: []string{"npm"}, locks: []string{"package-lock.json", "npm-shrinkwrap.json"},
	beside: []string{"package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"}, tool: "npm",
	commands: func(_ string, needs []Need) [][]string {
		var out [][]string
		install := map[bool][]string{}
		update := []string{"npm", "update"}
		for _, n := range needs {
			if n.Direct {
				install[n.Dev] = append(install[n.Dev], n.Name+"@^"+n.To)
			} else {
				update = append(update, n.Name)
			}
		}
		if len(install[false]) > 0 {
			out = append(out, append(append([]string{"npm", "install"}, install[false]...), npmFlags...))
		}
		if len(install[true]) > 0 {
			out = append(out, append(append([]string{"npm", "install", "--save-dev"}, install[true]...), npmFlags...))
		}
		if len(update) > 2 {
			out = append(out, append(update, npmFlags...))
		}
		return out
	},
})

var _ = add(manager{
	name: "pnpm", types: []string{"npm"}, locks: []string{"pnpm-lock.yaml"}, beside: []string{"package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"}, tool: "pnpm",
	commands: func(_ string, needs []Need) [][]string {
		return [][]string{append([]string{"pnpm", "update", "--lockfile-only", "--ignore-scripts"}, names(needs, "@")...)}
	},
})

var _ = add(manager{
	name: "Cargo", types: []string{"cargo"}, locks: []string{"Cargo.lock"}, beside: []string{"Cargo.toml", "Cargo.lock"}, tool: "cargo",
	commands: func(_ string, needs []Need) [][]string {
		var out [][]string
		for _, n := range needs {
			out = append(out, []string{"cargo", "update", "--package", n.Name + "@" + n.From, "--precise", n.To})
		}
		return out
	},
})

var _ = add(manager{
	name: "Composer", types: []string{"composer"}, locks: []string{"composer.lock"}, beside: []string{"composer.json", "composer.lock"}, tool: "composer",
	commands: func(_ string, needs []Need) [][]string {
		argv := append([]string{"composer", "update"}, names(needs, "")...)
		for _, n := range needs {
			argv = append(argv, "--with", n.Name+":^"+n.To)
		}
		return [][]string{append(argv, "--no-install", "--no-scripts", "--no-plugins", "--no-interaction", "--with-dependencies")}
	},
})

var _ = add(manager{
	name: "Bundler", types: []string{"gem"}, locks: []string{"Gemfile.lock"}, beside: []string{"Gemfile", "Gemfile.lock", ".ruby-version", "*.gemspec"}, tool: "bundle",
	commands: func(_ string, needs []Need) [][]string {
		return [][]string{append([]string{"bundle", "lock", "--conservative", "--update"}, names(needs, "")...)}
	},
})

var _ = add(manager{
	name: "Poetry", types: []string{"pypi"}, locks: []string{"poetry.lock"}, beside: []string{"pyproject.toml", "poetry.lock"}, tool: "poetry",
	commands: func(_ string, needs []Need) [][]string {
		return [][]string{append([]string{"poetry", "update", "--lock", "--no-interaction"}, names(needs, "")...)}
	},
})

var _ = add(manager{
	name: "uv", types: []string{"pypi"}, locks: []string{"uv.lock"}, beside: []string{"pyproject.toml", "uv.lock", ".python-version"}, tool: "uv",
	commands: func(_ string, needs []Need) [][]string {
		argv := []string{"uv", "lock"}
		for _, n := range needs {
			argv = append(argv, "--upgrade-package", n.Name+"=="+n.To)
		}
		return [][]string{argv}
	},
})

// names are the components' names, with the version behind a sign when there
// is one.
func names(needs []Need, sign string) []string {
	var out []string
	for _, n := range needs {
		if sign == "" {
			out = append(out, n.Name)
		} else {
			out = append(out, n.Name+sign+n.To)
		}
	}
	return out
}
