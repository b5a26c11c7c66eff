package inventory

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "npm",
	Title: "Node.js (npm, yarn, pnpm, bun)",
	Readers: []Reader{
		{
			Name: "npm/package-json", Files: []string{"**/package.json"},
			Beside: []string{"**/node_modules/.package-lock.json"},
			Read:   readPackageJSON,
		},
		{Name: "npm/package-lock", Files: []string{"**/package-lock.json", "**/npm-shrinkwrap.json"}, Read: readPackageLock},
		{Name: "npm/yarn-lock", Files: []string{"**/yarn.lock"}, Read: readYarnLock},
		{Name: "npm/pnpm-lock", Files: []string{"**/pnpm-lock.yaml"}, Read: readPnpmLock},
		{Name: "npm/bun-lock", Files: []string{"**/bun.lock", "**/bun.lockb"}, Read: readBunLock},
	},
})

// readPackageJSON reads the manifest of an installed package, or of an
// application that has its packages installed beside it. Manifests anywhere
// else, such as those in the tests of packages, are of nothing installed.
func readPackageJSON(_ context.Context, in *Input) ([]boltseal.Component, error) {
	dir := path.Dir(in.Path)
	if !npmPackageDir(dir) {
		if npmInside(dir) || !in.hasNodeModules(dir) {
			return nil, nil
		}
		return readNpmApplication(in)
	}
	m, err := in.npmOwnManifest()
	if err != nil || !m.named() {
		return nil, err
	}
	c := m.component()
	c.Basis = boltseal.Installed
	c.DependsOn = m.needs(false)
	root, inner := npmRoot(dir)
	if locked, ok := in.npmInstalled(root)[inner]; ok {
		c.Dev = locked.Dev
		if len(c.Hashes) == 0 {
			c.Hashes = integrity(locked.Integrity)
		}
		c.PURL = npmPURL(string(m.Name), string(m.Version), locked.Resolved)
	}
	if name, top := strings.CutPrefix(inner, "node_modules/"); top && !npmInside(name) {
		c.Direct = in.npmAskedFor(root, name)
	}
	return []boltseal.Component{c}, nil
}

// npmOwnManifest reads the file itself.
func (in *Input) npmOwnManifest() (*npmManifest, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	m := &npmManifest{}
	return m, m.UnmarshalJSON(data)
}

func readNpmApplication(in *Input) ([]boltseal.Component, error) {
	m, err := in.npmOwnManifest()
	if err != nil || !m.named() {
		return nil, err
	}
	c := m.project()
	c.Basis = boltseal.Installed
	c.DependsOn = m.needs(true)
	return []boltseal.Component{c}, nil
}

// npmPackageDir says whether npm could have installed a package there:
// directly in node_modules, or in a scope's folder in it.
func npmPackageDir(dir string) bool {
	parent, name := path.Split(dir)
	parent = strings.TrimSuffix(parent, "/")
	if scope := path.Base(parent); strings.HasPrefix(scope, "@") {
		parent = path.Dir(parent)
	} else if strings.HasPrefix(name, "@") {
		return false
	}
	return path.Base(parent) == "node_modules" && !strings.HasPrefix(name, ".")
}

func npmInside(dir string) bool { return strings.Contains("/"+dir+"/", "/node_modules/") }

// npmRoot splits the folder of an installed package into the folder of the
// application and the rest, as lock files write it: "node_modules/a".
func npmRoot(dir string) (root, inner string) {
	at := strings.Index("/"+dir, "/node_modules/")
	if at <= 0 {
		return ".", dir
	}
	return dir[:at-1], dir[at:]
}

// hasNodeModules says whether packages are installed in dir.
func (in *Input) hasNodeModules(dir string) bool {
	entries, err := fs.ReadDir(in.FS, path.Join(dir, "node_modules"))
	if err != nil {
		return false
	}
	for _, e := range entries {
		if name := e.Name(); name == ".pnpm" || name == ".store" || name == ".bun" || !strings.HasPrefix(name, ".") {
			return true
		}
	}
	return false
}

// npmPlaced is what npm's hidden lock file adds to an installed manifest.
type npmPlaced struct {
	Resolved  string `json:"resolved"`
	Integrity string `json:"integrity"`
	Dev       bool   `json:"dev"`
}

// npmInstalled is what npm's hidden lock file says was put under root,
// by path from it. Without that file it is empty.
func (in *Input) npmInstalled(root string) map[string]npmPlaced {
	found, _ := in.once("npm-installed "+root, func() any {
		var lock struct {
			Packages map[string]npmPlaced `json:"packages"`
		}
		data, err := in.textBeside(path.Join(root, "node_modules/.package-lock.json"))
		if err == nil {
			// The file only adds flags to what is installed anyway; one that
			// cannot be read takes nothing away.
			_ = json.Unmarshal(data, &lock)
		}
		return lock.Packages
	}).(map[string]npmPlaced)
	return found
}

// npmAskedFor says whether the application in root asks for a package itself.
func (in *Input) npmAskedFor(root, name string) bool {
	asked, _ := in.once("npm-asked "+root, func() any {
		m, _ := in.npmManifest(root)
		asked := map[string]bool{}
		for _, name := range m.asks(true) {
			asked[name] = true
		}
		return asked
	}).(map[string]bool)
	return asked[name]
}

// npmName says whether a registry could hold the name.
func npmName(name string) bool {
	if name == "" || len(name) > 214 || strings.ContainsAny(name, " \t\r\n\\:?#%") || name[0] == '.' {
		return false
	}
	slashes := strings.Count(name, "/")
	return slashes == 0 && name[0] != '@' || slashes == 1 && name[0] == '@' && name[1] != '/' && !strings.HasSuffix(name, "/")
}

// npmVersion is the version without what old publishers put before it.
func npmVersion(version string) string { return strings.TrimLeft(version, "=v ") }

// npmPURL names a package. Names keep their case: the registry has JSONStream
// and jsonstream. What came from a repository says so.
func npmPURL(name, version, resolved string) string {
	p := boltseal.PURL{Type: "npm", Name: name, Version: npmVersion(version)}
	if scope, rest, ok := strings.Cut(name, "/"); ok {
		p.Namespace, p.Name = scope, rest
	}
	if vcs := npmRepository(resolved); vcs != "" {
		p.Qualifiers = map[string]string{"vcs_url": vcs}
	}
	return p.String()
}

// npmForges are the short forms of npm's "git dependencies".
var npmForges = []struct{ short, host string }{
	{"github:", "github.com/"}, {"gitlab:", "gitlab.com/"}, {"bitbucket:", "bitbucket.org/"},
}

// npmRepository turns the place that a lock file gives into a vcs_url, when
// it is a git repository.
func npmRepository(resolved string) string {
	for _, forge := range npmForges {
		if rest, ok := strings.CutPrefix(resolved, forge.short); ok {
			resolved = "git+https://" + forge.host + rest
		}
	}
	if rest, ok := strings.CutPrefix(resolved, "git://"); ok {
		resolved = "git+https://" + rest
	}
	if !strings.HasPrefix(resolved, "git+") {
		return ""
	}
	where, commit, _ := strings.Cut(withoutPassword(resolved), "#")
	commit = strings.TrimPrefix(commit, "commit=")
	if commit == "" {
		return where
	}
	return where + "@" + commit
}

// integrity turns a Subresource Integrity string, as npm, yarn and pnpm write
// it, into digests. sha512 is what they all check.
func integrity(s string) []boltseal.Digest {
	var digests []boltseal.Digest
	for word := range strings.FieldsSeq(s) {
		algorithm, sum, _ := strings.Cut(word, "-")
		sum, _, _ = strings.Cut(sum, "?")
		size := map[string]int{"sha1": 20, "sha256": 32, "sha512": 64}[algorithm]
		raw, err := base64.StdEncoding.DecodeString(sum)
		if err == nil && size > 0 && len(raw) == size {
			digests = append(digests, boltseal.Digest(algorithm+":"+hex.EncodeToString(raw)))
		}
	}
	return digests
}
