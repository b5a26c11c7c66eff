package inventory

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

var _ = add(Ecosystem{
	Name:  "python",
	Title: "Python (pip, Poetry, uv, Pipenv, PDM)",
	Readers: []Reader{
		{
			Name:   "python/metadata",
			Files:  []string{"**/*.dist-info/METADATA", "**/*.egg-info/PKG-INFO", "**/*.egg-info", "**/EGG-INFO/PKG-INFO"},
			Beside: []string{"**/*.dist-info/direct_url.json", "**/*.egg-info/requires.txt", "**/EGG-INFO/requires.txt"},
			Read:   readPythonMetadata,
		},
		{Name: "python/poetry-lock", Files: []string{"**/poetry.lock"}, Beside: []string{"**/pyproject.toml"}, Read: readPoetryLock},
		{Name: "python/uv-lock", Files: []string{"**/uv.lock"}, Read: readUvLock},
		{Name: "python/pdm-lock", Files: []string{"**/pdm.lock"}, Beside: []string{"**/pyproject.toml"}, Read: readPdmLock},
		{Name: "python/pylock", Files: []string{"**/pylock.toml", "**/pylock.*.toml"}, Read: readPylock},
		{Name: "python/pipfile-lock", Files: []string{"**/Pipfile.lock"}, Beside: []string{"**/Pipfile"}, Read: readPipfileLock},
		{
			Name: "python/requirements", Files: []string{"**/*requirements*.txt", "**/requirements/*.txt"},
			Read: readRequirements,
		},
	},
})

// readPythonMetadata reads the core metadata of an installed distribution, in
// the wheel's or one of the older layouts (Python packaging specifications,
// "Recording installed projects" and "Core metadata").
func readPythonMetadata(_ context.Context, in *Input) ([]boltseal.Component, error) {
	h, err := readPythonHeaders(in.File)
	if err != nil {
		return nil, err
	}
	name, version := h.get("Name"), h.get("Version")
	if !pythonName(name) || version == "" {
		return nil, errors.New("metadata without name or version")
	}
	home := path.Dir(in.Path) // the folder of the metadata, or the file itself
	if strings.HasSuffix(in.Path, ".egg-info") {
		home = in.Path
	}
	c := boltseal.Component{
		PURL: pypiPURL(name, version, ""), Name: name, Version: version, Basis: boltseal.Installed,
		Licenses: pythonLicenses(h), Supplier: pythonSupplier(h),
		Direct: in.exists(path.Join(home, "REQUESTED")),
	}
	if path.Base(home) == "Python-"+version+"-py"+version[:min(3, len(version))]+".egg-info" {
		c.PURL = boltseal.PURL{Type: "generic", Name: "python", Version: version}.String() // the interpreter's own record
	}
	for _, requirement := range h["requires-dist"] {
		if needed, optional := pythonRequirement(requirement); needed != "" && !optional {
			c.DependsOn = append(c.DependsOn, pypiPURL(needed, "", ""))
		}
	}
	if data, err := in.textBeside(path.Join(home, "requires.txt")); err == nil {
		c.DependsOn = append(c.DependsOn, eggRequirements(string(data))...)
	}
	// A copy that another distribution carries with it is not installed for
	// everybody to import.
	if strings.Contains(home, "/_vendor/") {
		c.Basis = boltseal.Embedded
	}
	err = in.pythonOrigin(&c, home)
	return []boltseal.Component{c}, err
}

// pythonOrigin reads where a distribution was installed from (Python
// packaging specifications, "Direct URL data structure").
func (in *Input) pythonOrigin(c *boltseal.Component, home string) error {
	if strings.HasSuffix(home, ".egg-info") && in.pythonProject(path.Dir(home)) {
		c.PURL = boltseal.PURL{Type: "generic", Name: c.Name, Version: c.Version}.String()
		return nil
	}
	if home == in.Path { // a file by itself: nothing lies in it
		return nil
	}
	data, err := in.textBeside(path.Join(home, "direct_url.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var from struct {
		URL string `json:"url"`
		VCS *struct {
			VCS    string `json:"vcs"`
			Commit string `json:"commit_id"`
		} `json:"vcs_info"`
		Dir *struct {
			Editable bool `json:"editable"`
		} `json:"dir_info"`
	}
	if err := json.Unmarshal(data, &from); err != nil {
		return err
	}
	switch {
	case from.VCS != nil:
		c.PURL = pypiPURL(c.Name, c.Version, vcsURL(from.VCS.VCS, from.URL, from.VCS.Commit))
	case from.Dir != nil && from.Dir.Editable:
		// The project itself, in the folder where it is worked on.
		c.PURL = boltseal.PURL{Type: "generic", Name: c.Name, Version: c.Version}.String()
	}
	return nil
}

// pythonProject says whether a folder is a project that is worked on, where
// tools leave metadata as well.
func (in *Input) pythonProject(dir string) bool {
	if base := path.Base(dir); base == "site-packages" || base == "dist-packages" {
		return false
	}
	return in.exists(path.Join(dir, "setup.py")) || in.exists(path.Join(dir, "pyproject.toml")) || in.exists(path.Join(dir, "setup.cfg"))
}

// vcsURL is the value of a purl's vcs_url qualifier.
func vcsURL(kind, url, commit string) string {
	url = withoutPassword(strings.TrimPrefix(url, kind+"+"))
	if url == "" {
		return ""
	}
	// "git@host:owner/repository" is how ssh is told of a place.
	if user, rest, ok := strings.Cut(url, "@"); ok && !strings.ContainsAny(user, ":/") && !strings.Contains(url, "://") {
		url = "ssh://" + user + "@" + strings.Replace(rest, ":", "/", 1)
	}
	if commit != "" {
		commit = "@" + commit
	}
	return kind + "+" + url + commit
}

// pypiPURL names a distribution. The purl has the name that all spellings of
// it normalise to.
func pypiPURL(name, version, vcs string) string {
	p := boltseal.PURL{Type: "pypi", Name: pythonNormal(name), Version: version}
	if vcs != "" {
		p.Qualifiers = map[string]string{"vcs_url": vcs}
	}
	return p.String()
}

// pythonNormal is a name in lower case with one dash for each run of dashes,
// dots and underscores (Python packaging specifications, "Names and
// normalization").
func pythonNormal(name string) string {
	var b strings.Builder
	dash := false
	for i := range len(name) {
		c := name[i]
		if c == '-' || c == '_' || c == '.' {
			dash = true
			continue
		}
		if dash && b.Len() > 0 {
			b.WriteByte('-')
		}
		dash = false
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// pythonName says whether the specification allows the name.
func pythonName(name string) bool {
	if name == "" || len(name) > 200 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (c != '-' && c != '_' && c != '.' || i == 0 || i == len(name)-1) {
			return false
		}
	}
	return true
}

// pythonRequirement gives the name that a dependency specifier begins with
// and says whether only an extra asks for it.
func pythonRequirement(s string) (name string, optional bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= 'a' && s[end] <= 'z' || s[end] >= 'A' && s[end] <= 'Z' || s[end] >= '0' && s[end] <= '9' ||
		s[end] == '-' || s[end] == '_' || s[end] == '.') {
		end++
	}
	if name = strings.TrimRight(s[:end], "-_."); !pythonName(name) {
		return "", false
	}
	_, marker, _ := strings.Cut(s[end:], ";")
	for word := range strings.FieldsFuncSeq(marker, func(r rune) bool { return r == ' ' || r == '(' || r == ')' || r == '=' || r == '!' }) {
		if word == "extra" {
			return name, true
		}
	}
	return name, false
}

// eggRequirements reads requires.txt: what stands before the first section is
// always needed, and a section without a name is so under its condition.
func eggRequirements(text string) []string {
	var purls []string
	extra := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if section, ok := strings.CutPrefix(line, "["); ok {
			extra = !strings.HasPrefix(section, ":")
			continue
		}
		if name, _ := pythonRequirement(line); name != "" && !extra {
			purls = append(purls, pypiPURL(name, "", ""))
		}
	}
	return purls
}

// pythonLicenses takes the clearest statement: an expression, then a licence
// that SPDX knows, then a classifier, then whatever words there are.
func pythonLicenses(h pythonHeaders) []string {
	if all := licenses(h.get("License-Expression")); len(all) > 0 {
		return all
	}
	stated := licenses(h.get("License"))
	if len(stated) > 0 && !strings.HasPrefix(stated[0], "LicenseRef-") {
		return stated
	}
	var classified []string
	for _, classifier := range h["classifier"] {
		if rest, ok := strings.CutPrefix(classifier, "License :: "); ok {
			rest = rest[strings.LastIndex(rest, ":: ")+1:]
			if rest = strings.TrimSpace(strings.TrimLeft(rest, ": ")); rest != "OSI Approved" {
				classified = append(classified, rest)
			}
		}
	}
	if all := licenses(classified...); len(all) > 0 {
		return all
	}
	return stated
}

func pythonSupplier(h pythonHeaders) string {
	name, mail := h.get("Author"), h.get("Author-email")
	if name == "" && mail == "" {
		name, mail = h.get("Maintainer"), h.get("Maintainer-email")
	}
	switch {
	case strings.EqualFold(name, "UNKNOWN") || name == "":
		return mail
	case mail == "" || strings.Contains(mail, "<"):
		return name
	}
	return name + " <" + mail + ">"
}

// pythonHeaders are the fields of a metadata file, by lower-case name, as electronic
// mail writes them: a field goes on in lines that begin with white space.
type pythonHeaders map[string][]string

func (h pythonHeaders) get(name string) string {
	if values := h[strings.ToLower(name)]; len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

const (
	maxPythonHeaders = 4 << 20 // some put their whole licence into a field
	maxPythonField   = 8 << 10 // bytes of one field that are kept when it has several lines
)

// readPythonHeaders reads up to the first empty line; a description follows.
func readPythonHeaders(r io.Reader) (pythonHeaders, error) {
	lines := bufio.NewScanner(limit.Reader(r, maxPythonHeaders, &limit.Error{
		What: "metadata fields", Max: maxPythonHeaders, Unit: "bytes", Flag: "--max-file-bytes",
	}))
	lines.Buffer(nil, maxPythonHeaders)
	h := pythonHeaders{}
	last := ""
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			return h, nil
		}
		if line[0] == ' ' || line[0] == '\t' {
			if values := h[last]; len(values) > 0 && len(values[len(values)-1]) < maxPythonField {
				values[len(values)-1] += "\n" + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			last = ""
			continue
		}
		last = strings.ToLower(strings.TrimSpace(name))
		if value = strings.TrimSpace(value); strings.EqualFold(value, "UNKNOWN") {
			value = ""
		}
		h[last] = append(h[last], value)
	}
	return h, lines.Err()
}
