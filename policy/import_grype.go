package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/boltseal/boltseal"
)

// grypeInert are settings of grype's that accept no finding.
var grypeInert = []string{
	"output", "output-template-file", "file", "pretty", "distro", "platform", "name", "from", "by-cve", "add-cpes-if-none", "search", "match",
	"external-sources", "registry", "db", "log", "dev", "exp", "quiet", "verbosity", "check-for-app-update", "show-suppressed", "timestamp",
	"default-image-pull-source", "fail-on-severity", "sort-by", "cache", "profile", "config", "alerts",
}

// grypeTypes are the package URL types of grype's package types. Those with
// "/" keep a namespace that grype's names do not have.
var grypeTypes = map[string]string{
	"alpm": "alpm/", "apk": "apk/", "deb": "deb/", "rpm": "rpm/", "java-archive": "maven/", "jenkins-plugin": "maven/",
	"npm": "npm", "python": "pypi", "gem": "gem", "go-module": "golang", "rust-crate": "cargo", "php-composer": "composer", "dotnet": "nuget",
	"conan": "conan", "conda": "conda", "hex": "hex", "hackage": "hackage", "dart-pub": "pub", "swift": "swift", "pod": "cocoapods",
	"R-package": "cran", "lua-rocks": "luarocks", "github-action": "github", "bitnami": "bitnami", "opam": "opam", "binary": "generic",
}

// grypeLanguages are the same for languages that have one ecosystem.
var grypeLanguages = map[string]string{
	"javascript": "npm", "python": "pypi", "ruby": "gem", "go": "golang", "rust": "cargo", "php": "composer", "dotnet": "nuget", "java": "maven/",
	"dart": "pub", "elixir": "hex", "haskell": "hackage", "R": "cran", "lua": "luarocks",
}

// grypePackageRule is the package of a rule.
type grypePackageRule struct{ name, version, language, kind, location string }

// grype reads the ignore rules of a configuration.
func (im *importer) grype(data []byte) error {
	root, err := parse(data)
	if err != nil {
		return err
	}
	settings, err := fields(root)
	if err != nil {
		return err
	}
	for _, s := range settings {
		switch {
		case empty(s.value) || slices.Contains(grypeInert, s.name):
		case s.name == "ignore":
			rules, err := list(s.value)
			if err != nil {
				return err
			}
			for _, rule := range rules {
				if err := im.grypeRule(rule); err != nil {
					return err
				}
			}
		case s.name == "only-fixed", s.name == "ignore-wontfix", s.name == "ignore-states":
			im.lost(s.line, s.name, "leaving out what has no fix is only-fixed: true in the policy, no waiver")
		case s.name == "vex-documents":
			im.lost(s.line, s.name, "name the documents under vex: in the policy")
		default:
			im.lost(s.line, s.name, "no list of what is ignored")
		}
	}
	return nil
}

// grypeRule turns one rule into a waiver, if all that it asks for can be said.
func (im *importer) grypeRule(n ast.Node) error {
	known, err := fields(n)
	if err != nil {
		return err
	}
	var w boltseal.Waiver
	var pkg grypePackageRule
	why, named := "", "rule"
	for _, f := range known {
		if empty(f.value) {
			continue
		}
		var err error
		switch f.name {
		case "vulnerability":
			if named, err = text(f.value); err == nil {
				w.ID = im.advisory(named)
				why = orElse(why, unnamable(w.ID))
			}
		case "reason":
			w.Reason, err = text(f.value)
		case "include-aliases":
		case "package":
			var unknown string
			pkg, unknown, err = readGrypePackage(f.value)
			why = orElse(why, unknown)
		case "fix-state":
			why = orElse(why, "only for one state of the fix, which a waiver cannot say; only-fixed: true leaves out what has none")
		case "vex-status", "vex-justification":
			why = orElse(why, "what VEX documents say is heeded by itself: name them under vex: in the policy")
		default:
			why = orElse(why, fmt.Sprintf("only for one %s, which a waiver cannot say", clip(f.name)))
		}
		if err != nil {
			return err
		}
	}
	line := lineOf(n)
	var places []string
	if why == "" {
		w.PURL, why = pkg.purl()
	}
	if places, err = pkg.places(); err != nil {
		why = orElse(why, err.Error())
	}
	switch {
	case why != "" || w.ID != "" || w.PURL != "":
	case pkg.location == "":
		why = "it asks for nothing, and so ignores nothing"
	default:
		why = "a waiver of a path alone accepts every finding there, secrets as well: add it by hand if that is meant"
	}
	if why != "" {
		im.lost(line, named, why)
		return nil
	}
	for _, w.Path = range places {
		if err := im.add(line, w); err != nil {
			return err
		}
	}
	return nil
}

func orElse(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func readGrypePackage(n ast.Node) (pkg grypePackageRule, why string, err error) {
	known, err := fields(n)
	if err != nil {
		return pkg, "", err
	}
	into := map[string]*string{
		"name": &pkg.name, "version": &pkg.version, "language": &pkg.language, "type": &pkg.kind, "location": &pkg.location,
	}
	for _, f := range known {
		switch to := into[f.name]; {
		case empty(f.value):
		case to == nil:
			why = fmt.Sprintf("only for packages by %s, which a waiver cannot say", clip(f.name))
		default:
			if *to, err = text(f.value); err != nil {
				return pkg, "", err
			}
		}
	}
	return pkg, why, nil
}

// places are the paths of the location, or one that is any.
func (pkg *grypePackageRule) places() ([]string, error) {
	if pkg.location == "" {
		return []string{""}, nil
	}
	places, ok := paths(pkg.location)
	if !ok {
		return nil, fmt.Errorf("location %q: waivers match paths with * and ** only", clip(pkg.location))
	}
	return places, nil
}

// purl is the pattern for the package, or why there is none.
func (pkg *grypePackageRule) purl() (pattern, why string) {
	if pkg.name == "" && pkg.version == "" && pkg.kind == "" && pkg.language == "" {
		return "", ""
	}
	kind, ok := grypeTypes[pkg.kind]
	switch {
	case pkg.kind != "" && !ok:
		return "", fmt.Sprintf("type %q is none of %s", clip(pkg.kind), strings.Join(slices.Sorted(maps.Keys(grypeTypes)), ", "))
	case pkg.kind == "":
		if kind, ok = grypeLanguages[pkg.language]; !ok {
			return "", "a package URL needs the package's type: add it to the rule"
		}
	case pkg.language != "" && strings.TrimSuffix(grypeLanguages[pkg.language], "/") != strings.TrimSuffix(kind, "/"):
		return "", fmt.Sprintf("no package of type %q is of language %q", clip(pkg.kind), clip(pkg.language))
	}
	name, ok := literal(pkg.name)
	if !ok {
		return "", fmt.Sprintf("name %q: of regular expressions waivers know only .*", clip(pkg.name))
	}
	bare := strings.TrimSuffix(kind, "/")
	switch {
	case name == "":
		name = "**"
	case kind != bare:
		name = "**/" + name
	}
	if bare == "pypi" {
		name = packageName(boltseal.PURL{Type: "pypi", Name: name})
	}
	pattern = "pkg:" + bare + "/" + escapeName(name)
	version := pkg.version
	if bare == "rpm" {
		epoch, rest, ok := strings.Cut(version, ":")
		if ok && strings.Trim(epoch, "0123456789") == "" {
			if version = rest; strings.Trim(epoch, "0") != "" {
				return pattern + "@" + escapeName(version) + "?epoch=" + epoch, ""
			}
		}
	}
	if strings.Contains(version, "*") {
		return "", "a * in the version would match others too"
	}
	if version != "" {
		pattern += "@" + escapeName(version)
	}
	return pattern, ""
}

// literal turns a regular expression that is a name, or a name with .* in
// it, into a pattern.
func literal(expression string) (string, bool) {
	expression = strings.TrimSuffix(strings.TrimPrefix(expression, "^"), "$")
	var b strings.Builder
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '.' && i+1 < len(expression) && expression[i+1] == '*':
			b.WriteByte('*')
			i++
		case c == '\\' && i+1 < len(expression) && strings.IndexByte(`.+-/@_`, expression[i+1]) >= 0:
			b.WriteByte(expression[i+1])
			i++
		case strings.IndexByte(`\*+?()[]{}|^$`, c) >= 0 || c <= ' ' || c >= 0x7F:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// escapeName keeps slashes and stars, and escapes all that would end a part
// of a package URL.
func escapeName(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/*:"
	var b strings.Builder
	for i := range len(name) {
		if strings.IndexByte(plain, name[i]) >= 0 {
			b.WriteByte(name[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", name[i])
		}
	}
	return b.String()
}
