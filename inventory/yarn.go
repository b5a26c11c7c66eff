package inventory

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// readYarnLock reads yarn.lock, of yarn 1 in its own notation and of later
// ones in YAML. Neither says what is for development only; the manifests do.
func readYarnLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.npmLockIsSpent() {
		return nil, nil
	}
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var entries []yarnEntry
	if bytes.Contains(data, []byte("\n__metadata:")) || bytes.HasPrefix(data, []byte("__metadata:")) {
		entries, err = parseYarnBerry(data)
	} else {
		entries, err = parseYarnClassic(data)
	}
	if err != nil {
		return nil, err
	}
	return yarnComponents(in, entries), nil
}

// yarnEntry is one locked package: keys are the requests, "name@range", that
// it answers.
type yarnEntry struct {
	keys      []string
	version   string
	resolved  string
	integrity string
	needs     map[string]string // name to range
	workspace bool
	name      string // what it really is, of aliases too
}

func yarnComponents(in *Input, entries []yarnEntry) []boltseal.Component {
	var g graph
	for i := range entries {
		e := &entries[i]
		if e.workspace || !npmName(e.name) || e.version == "" || len(e.keys) == 0 {
			continue
		}
		n := g.add(e.keys[0], boltseal.Component{
			PURL: npmPURL(e.name, e.version, e.resolved), Name: e.name, Version: npmVersion(e.version),
			Hashes: integrity(e.integrity),
		})
		for _, key := range e.keys[1:] {
			if g.byKey[key] == nil {
				g.byKey[key] = n
			}
		}
		for name, wanted := range e.needs {
			n.need(yarnKey(name, wanted))
		}
	}
	// Later yarns write the protocol into keys that requests may lack.
	for key, n := range g.byKey {
		if bare := strings.Replace(key, "@npm:", "@", 1); bare != key && g.byKey[bare] == nil {
			g.byKey[bare] = n
		}
	}
	in.npmWants(&g, yarnKey)
	return g.components()
}

func yarnKey(name, wanted string) string { return name + "@" + wanted }

// yarnName splits "name@range" behind the scope's own "@".
func yarnName(key string) (name, wanted string) {
	if len(key) > 1 {
		if at := strings.IndexByte(key[1:], '@'); at >= 0 {
			return key[:at+1], key[at+2:]
		}
	}
	return key, ""
}

// parseYarnClassic reads the notation of yarn 1: two spaces a level, a key
// that ends in a colon or a key and a value, words quoted where they must be.
func parseYarnClassic(data []byte) ([]yarnEntry, error) {
	var entries []yarnEntry
	var e *yarnEntry
	block := ""
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		text := strings.TrimLeft(line, " ")
		if text == "" || text[0] == '#' {
			continue
		}
		words, err := yarnWords(text)
		if err != nil || len(words) == 0 {
			return nil, fmt.Errorf("line %d: not the notation of yarn.lock", number)
		}
		switch indent := len(line) - len(text); {
		case indent == 0:
			entries = append(entries, yarnEntry{keys: words})
			e, block = &entries[len(entries)-1], ""
			name, wanted := yarnName(words[0])
			if alias, ok := strings.CutPrefix(wanted, "npm:"); ok {
				if real, _ := yarnName(alias); npmName(real) {
					name = real
				}
			}
			e.name = name
		case e == nil:
			return nil, fmt.Errorf("line %d: not the notation of yarn.lock", number)
		case indent == 2 && len(words) == 1:
			block = words[0]
		case indent == 2:
			block = ""
			switch words[0] {
			case "version":
				e.version = words[1]
			case "resolved":
				e.resolved = words[1]
			case "integrity":
				e.integrity = words[1]
			}
		case len(words) > 1 && (block == "dependencies" || block == "optionalDependencies"):
			if e.needs == nil {
				e.needs = map[string]string{}
			}
			e.needs[words[0]] = words[1]
		}
	}
	for i := range entries {
		entries[i].resolved = yarnResolved(entries[i].resolved)
	}
	return entries, nil
}

// yarnWords splits a line into words; a word is quoted as JSON is or bare.
// The comma between the keys of one entry and the final colon are no words.
func yarnWords(text string) ([]string, error) {
	var words []string
	for text = strings.TrimLeft(text, " ,"); text != "" && text != ":"; text = strings.TrimLeft(text, " ,") {
		if text[0] == '"' {
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return nil, err
			}
			word, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, err
			}
			words = append(words, word)
			text = text[len(quoted):]
			continue
		}
		end := strings.IndexAny(text, " ,")
		if end < 0 {
			end = len(text)
		}
		words = append(words, strings.TrimSuffix(text[:end], ":"))
		text = text[end:]
	}
	return words, nil
}

// yarnResolved gives a repository the form that npm writes.
func yarnResolved(resolved string) string {
	where, hash, _ := strings.Cut(resolved, "#")
	if strings.HasSuffix(where, ".git") && hash != "" {
		return "git+" + strings.TrimPrefix(where, "git+") + "#" + hash
	}
	// The archive of a repository's commit as the largest forge serves it.
	if rest, ok := strings.CutPrefix(where, "https://codeload.github.com/"); ok {
		if repository, commit, ok := strings.Cut(rest, "/tar.gz/"); ok {
			return "git+https://github.com/" + repository + "#" + commit
		}
	}
	return resolved
}

// berryEntry is one entry of a yarn.lock since yarn 2.
type berryEntry struct {
	Version      loose          `yaml:"version"`
	Resolution   string         `yaml:"resolution"`
	LinkType     string         `yaml:"linkType"`
	Dependencies yamlMap[loose] `yaml:"dependencies"`
}

func parseYarnBerry(data []byte) ([]yarnEntry, error) {
	if len(data) > maxYAML {
		return nil, fmt.Errorf("yarn.lock has more than %d bytes", maxYAML)
	}
	var lock yamlMap[berryEntry]
	if err := unmarshalYAML(data, &lock); err != nil {
		return nil, err
	}
	var entries []yarnEntry
	for _, keys := range sortedKeys(lock) {
		b := lock[keys]
		name, from := yarnName(b.Resolution)
		if keys == "__metadata" || name == "" {
			continue
		}
		e := yarnEntry{name: name, version: string(b.Version), needs: map[string]string{}}
		for key := range strings.SplitSeq(keys, ", ") {
			e.keys = append(e.keys, key)
		}
		// A patched package is resolved to the patch around what it patches.
		if inner, ok := strings.CutPrefix(from, "patch:"); ok {
			inner, _, _ = strings.Cut(inner, "#")
			if unescaped, err := url.PathUnescape(inner); err == nil {
				_, from = yarnName(unescaped)
			}
		}
		protocol, _, _ := strings.Cut(from, ":")
		switch protocol {
		case "workspace", "link", "portal":
			e.workspace = true
		case "npm":
		default:
			e.resolved = yarnResolved(from)
		}
		for name, wanted := range b.Dependencies {
			e.needs[name] = string(wanted)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// npmWants puts into g what the project beside a lock file and its workspaces
// ask for, and the project itself. key makes a key of the graph from a name
// and the range that is asked for.
func (in *Input) npmWants(g *graph, key func(name, wanted string) string) {
	dir := path.Dir(in.Path)
	root, ok := in.npmManifest(dir)
	if !ok {
		return
	}
	self := &node{}
	if root.named() {
		self = g.add("", root.project())
	}
	want := func(m *npmManifest, project *node) {
		for dev, lists := range map[bool][]looseMap{
			false: {m.Dependencies, m.OptionalDependencies, m.PeerDependencies},
			true:  {m.DevDependencies},
		} {
			for _, list := range lists {
				for name, wanted := range list {
					g.want(key(name, wanted), dev)
					project.need(key(name, wanted))
				}
			}
		}
	}
	want(root, self)
	for _, folder := range in.expand(dir, npmWorkspaces(root.Workspaces)) {
		if m, ok := in.npmManifest(folder); ok {
			want(m, &node{})
		}
	}
}
