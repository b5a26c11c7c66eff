package image

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// language is what is known of one language's runtime: the program that shows
// it is used, and what that program loads which no header names.
type language struct {
	name string
	runs *regexp.Regexp // base names of its programs
	keep func(c *closure, program string, why string)
}

var languages = []language{
	{"Python", regexp.MustCompile(`^(python[0-9.]*|pypy[0-9.]*|gunicorn|uvicorn|celery|flask|django-admin|hypercorn|daphne)$`), python},
	{"Node.js", regexp.MustCompile(`^(node|nodejs|npm|npx|yarn|pnpm|corepack|bun|deno)$`), node},
	{"Java", regexp.MustCompile(`^(java|javaw)$`), java},
	{"Ruby", regexp.MustCompile(`^(ruby[0-9.]*|rails|rackup|puma|bundle|unicorn)$`), folders("usr/local/lib/ruby", "usr/lib/ruby", "var/lib/gems", "usr/local/bundle", "usr/share/rubygems-integration")},
	{"PHP", regexp.MustCompile(`^(php[0-9.]*|php-fpm[0-9.]*|php-cgi[0-9.]*|apache2|httpd)$`), folders("usr/local/lib/php", "usr/lib/php", "usr/local/etc", "etc/php", "usr/share/php", "etc/apache2", "usr/lib/apache2", "var/www", "usr/local/apache2")},
	{"Perl", regexp.MustCompile(`^perl[0-9.]*$`), folders("usr/share/perl", "usr/share/perl5", "usr/lib/x86_64-linux-gnu/perl", "usr/lib/x86_64-linux-gnu/perl-base", "usr/lib/aarch64-linux-gnu/perl", "usr/lib/aarch64-linux-gnu/perl-base", "usr/local/share/perl", "usr/local/lib/perl5", "usr/lib/perl5", "etc/perl")},
	{".NET", regexp.MustCompile(`^dotnet$`), folders("usr/share/dotnet", "usr/lib/dotnet", "usr/lib64/dotnet")},
	{"Erlang", regexp.MustCompile(`^(erl|elixir|beam\.smp)$`), folders("usr/local/lib/erlang", "usr/lib/erlang", "usr/local/lib/elixir")},
	{"nginx", regexp.MustCompile(`^nginx$`), folders("etc/nginx", "usr/share/nginx", "usr/lib/nginx", "var/log/nginx", "var/cache/nginx", "var/lib/nginx")},
	{"PostgreSQL", regexp.MustCompile(`^postgres$`), folders("usr/share/postgresql", "usr/lib/postgresql", "usr/local/share/postgresql")},
}

// runtimeOf keeps the runtimes of the programs that a command line names.
func (c *closure) runtimeOf(words []string, why string) {
	for n, w := range words {
		if n > 0 && (!isWrapper(words[0]) || w == "") {
			break
		}
		at := c.command(w, why)
		if at == "" {
			continue
		}
		c.languages(at, path.Base(w), why)
	}
}

// languages keeps the runtime behind one program, by its own name and by the
// name that it was called by.
func (c *closure) languages(at, called, why string) {
	for _, l := range languages {
		if l.runs.MatchString(path.Base(at)) || l.runs.MatchString(called) {
			if !slices.Contains(c.runtimes[l.name], at) {
				c.runtimes[l.name] = append(c.runtimes[l.name], at)
				l.keep(c, at, l.name+", which "+why)
			}
		}
	}
}

// folders keeps folders that a runtime loads from.
func folders(dirs ...string) func(*closure, string, string) {
	return func(c *closure, _, why string) {
		for _, dir := range dirs {
			c.keepAll(dir, why, notRuntime)
		}
	}
}

// notRuntime names what no program needs when it runs: documentation, headers,
// caches of compilers.
func notRuntime(name string, isDir bool) bool {
	if !isDir {
		return false
	}
	switch path.Base(name) {
	case "man", "doc", "gtk-doc", "include", "__pycache__":
		return true
	}
	return false
}

var pythonLib = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)

// python keeps the standard library beside the program and what is installed,
// without the parts that install, test and draw.
func python(c *closure, program, why string) {
	unused := map[string]bool{"test": true, "tests": false, "idlelib": true, "turtledemo": true, "lib2to3": true, "ensurepip": true, "tkinter": true, "pydoc_data": true, "distutils": false}
	skip := func(name string, isDir bool) bool {
		dir, base := path.Split(name)
		if isDir && pythonLib.MatchString(path.Base(path.Clean(dir))) && unused[base] {
			return true
		}
		if isDir && strings.Contains(path.Base(path.Clean(dir)), "-packages") {
			low := strings.ToLower(base)
			if low == "pip" || strings.HasPrefix(low, "pip-") || low == "wheel" || strings.HasPrefix(low, "wheel-") {
				return true
			}
		}
		return notRuntime(name, isDir)
	}
	prefix := path.Dir(path.Dir(program))
	for _, base := range []string{prefix, "usr/local", "usr"} {
		for _, lib := range []string{"lib", "lib64"} {
			entries, err := c.tree.ReadDir(path.Join(base, lib))
			if err != nil {
				continue
			}
			for _, e := range entries {
				if pythonLib.MatchString(e.Name()) {
					c.keepAll(path.Join(base, lib, e.Name()), why, skip)
				}
			}
		}
	}
	c.keep(path.Join(prefix, "pyvenv.cfg"), why)
	for dir := range strings.SplitSeq(c.env["PYTHONPATH"]+":"+c.env["VIRTUAL_ENV"], ":") {
		if strings.HasPrefix(dir, "/") {
			c.keepAll(dir, why, skip)
		}
	}
}

// node keeps modules that are installed for all programs, but its package
// managers only when one of them is what runs.
func node(c *closure, program, why string) {
	managers := map[string]bool{"npm": true, "corepack": true, "yarn": true, "pnpm": true}
	called := path.Base(program)
	skip := func(name string, isDir bool) bool {
		dir, base := path.Split(name)
		return isDir && managers[base] && strings.HasSuffix(dir, "lib/node_modules/") && !strings.HasPrefix(called, base) && called != "npm-cli.js" && called != "npx-cli.js"
	}
	for _, dir := range []string{"usr/local/lib/node_modules", "usr/lib/node_modules", "usr/share/nodejs"} {
		c.keepAll(dir, why, skip)
	}
	for dir := range strings.SplitSeq(c.env["NODE_PATH"], ":") {
		if strings.HasPrefix(dir, "/") {
			c.keepAll(dir, why, nil)
		}
	}
}

// java keeps the runtime's home: two folders above the program that the links
// lead to.
func java(c *closure, program, why string) {
	home := path.Dir(path.Dir(program))
	if path.Base(home) == "jre" && c.resolve(path.Join(home, "../lib")) != "" {
		home = path.Dir(home)
	}
	if isSystem(home) {
		home = strings.TrimPrefix(c.env["JAVA_HOME"], "/")
	}
	if home == "" {
		return
	}
	c.keepAll(home, why, func(name string, isDir bool) bool {
		base := path.Base(name)
		return path.Dir(name) == home && (base == "jmods" || base == "demo" || base == "sample" || base == "src.zip" || base == "ct.sym") || notRuntime(name, isDir)
	})
	for _, dir := range []string{"etc/java", "etc/ssl/certs/java", "usr/share/java"} {
		c.keepAll(dir, why, nil)
	}
	if entries, err := fs.Glob(c.tree, "etc/java-*"); err == nil {
		for _, e := range entries {
			c.keepAll(e, why, nil)
		}
	}
}
