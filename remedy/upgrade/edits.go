package upgrade

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

var _ = add(manager{
	name: "pip", types: []string{"pypi"}, locks: []string{"requirements*.txt", "constraints*.txt"}, edit: editRequirements,
})

var _ = add(manager{
	name: "Maven", types: []string{"maven"}, locks: []string{"pom.xml"}, edit: editPOM,
})

var _ = add(manager{
	name: "NuGet", types: []string{"nuget"}, locks: []string{"*.csproj", "*.fsproj", "*.vbproj", "Directory.Packages.props", "packages.config"}, edit: editProject,
})

// requirement is a line that pins one version (pip, requirements file format).
var requirement = regexp.MustCompile(`^(\s*)([A-Za-z0-9][A-Za-z0-9._-]*)((?:\[[^\]]*\])?\s*={2,3}\s*)([^\s;#\\]+)(.*)$`)

// editRequirements raises pins. A file with hashes is left alone: the new
// version's are not known here.
func editRequirements(content []byte, needs []Need) ([]byte, []Left) {
	if bytes.Contains(content, []byte("--hash")) {
		return content, leave(needs, "the file pins hashes: make it anew with what made it (pip-compile --upgrade-package)")
	}
	wanted := map[string]Need{}
	for _, n := range needs {
		wanted[normal(n.Name)] = n
	}
	met := map[string]bool{}
	var out bytes.Buffer
	for line := range strings.Lines(string(content)) {
		text := strings.TrimRight(line, "\r\n")
		if m := requirement.FindStringSubmatch(text); m != nil {
			if n, ok := wanted[normal(m[2])]; ok && m[4] == n.From {
				met[normal(n.Name)] = true
				line = m[1] + m[2] + m[3] + n.To + m[5] + line[len(text):]
			}
		}
		out.WriteString(line)
	}
	return out.Bytes(), unmet(needs, met, "the file does not pin it as NAME==VERSION")
}

// normal is a Python project's name as indexes compare it (PEP 503).
func normal(name string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
}

func leave(needs []Need, why string) []Left {
	var out []Left
	for _, n := range needs {
		out = append(out, Left{n, why})
	}
	return out
}

func unmet(needs []Need, met map[string]bool, why string) []Left {
	var out []Left
	for _, n := range needs {
		if !met[normal(n.Name)] {
			out = append(out, Left{n, why})
		}
	}
	return out
}

var (
	comment    = regexp.MustCompile(`(?s)<!--.*?-->`)
	dependency = regexp.MustCompile(`(?s)<dependency>.*?</dependency>`)
	property   = regexp.MustCompile(`^\$\{([A-Za-z0-9_.-]+)\}$`)
)

// editPOM raises the version of direct dependencies: where it stands, or in
// the property that holds it, if nothing else uses that.
func editPOM(content []byte, needs []Need) ([]byte, []Left) {
	var left []Left
	for _, n := range needs {
		group, artifact, ok := strings.Cut(n.Name, ":")
		if !ok {
			left = append(left, Left{n, "its name has no group"})
			continue
		}
		next, why := raiseDependency(content, group, artifact, n)
		if why != "" {
			left = append(left, Left{n, why})
			continue
		}
		content = next
	}
	return content, left
}

func raiseDependency(content []byte, group, artifact string, n Need) ([]byte, string) {
	masked := comment.ReplaceAllFunc(content, func(b []byte) []byte { return bytes.Repeat([]byte(" "), len(b)) })
	for _, at := range dependency.FindAllIndex(masked, -1) {
		block := masked[at[0]:at[1]]
		if text(block, "groupId") != group || text(block, "artifactId") != artifact {
			continue
		}
		from, to, ok := span(block, "version")
		if !ok {
			return content, "its version comes from a parent or from dependencyManagement"
		}
		value := string(bytes.TrimSpace(block[from:to]))
		if value == n.From {
			return replace(content, at[0]+from, at[0]+to, n.To), ""
		}
		m := property.FindStringSubmatch(value)
		if m == nil {
			return content, "its version is written as " + value
		}
		if uses := bytes.Count(masked, []byte("${"+m[1]+"}")); uses != 1 {
			return content, fmt.Sprintf("its version is ${%s}, which %d places use", m[1], uses)
		}
		from, to, ok = span(masked, m[1])
		if !ok || string(bytes.TrimSpace(masked[from:to])) != n.From {
			return content, fmt.Sprintf("its version is ${%s}, which is set elsewhere", m[1])
		}
		return replace(content, from, to, n.To), ""
	}
	return content, "another dependency brings it"
}

// span is where the text of an element is, if there is one of the name.
func span(b []byte, name string) (from, to int, ok bool) {
	open, end := []byte("<"+name+">"), []byte("</"+name+">")
	from = bytes.Index(b, open)
	if from < 0 {
		return 0, 0, false
	}
	from += len(open)
	n := bytes.Index(b[from:], end)
	return from, from + n, n >= 0
}

func text(b []byte, name string) string {
	from, to, ok := span(b, name)
	if !ok {
		return ""
	}
	return string(bytes.TrimSpace(b[from:to]))
}

func replace(content []byte, from, to int, with string) []byte {
	out := append([]byte{}, content[:from]...)
	out = append(out, with...)
	return append(out, content[to:]...)
}

// editProject raises the versions of package references in MSBuild files.
func editProject(content []byte, needs []Need) ([]byte, []Left) {
	met := map[string]bool{}
	for _, n := range needs {
		re, err := regexp.Compile(`(?i)(<Package(?:Reference|Version)?\s[^>]*?(?:Include|id)="` + regexp.QuoteMeta(n.Name) + `"[^>]*?\bVersion=")` + regexp.QuoteMeta(n.From) + `(")`)
		if err != nil {
			continue
		}
		if next := re.ReplaceAll(content, []byte("${1}"+strings.ReplaceAll(n.To, "$", "$$")+"${2}")); !bytes.Equal(next, content) {
			content, met[normal(n.Name)] = next, true
		}
	}
	return content, unmet(needs, met, "the file does not name it with this version")
}
