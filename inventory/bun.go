package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

// bunLock is bun's lock file in its text form.
type bunLock struct {
	Workspaces map[string]npmManifest     `json:"workspaces"` // by folder; the project's own is ""
	Packages   map[string]json.RawMessage `json:"packages"`   // by the path of names that lead there
}

// bunDetails is what an entry of bunLock.Packages says beyond its identity.
type bunDetails struct {
	Dependencies         looseMap `json:"dependencies"`
	OptionalDependencies looseMap `json:"optionalDependencies"`
	PeerDependencies     looseMap `json:"peerDependencies"`
}

var errBunBinary = errors.New("bun's binary lock file: 'bun install --save-text-lockfile' writes one that can be read")

func readBunLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.npmLockIsSpent() {
		return nil, nil
	}
	if strings.HasSuffix(in.Path, ".lockb") {
		if in.exists(in.beside("bun.lock")) {
			return nil, nil
		}
		return nil, errBunBinary
	}
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var lock bunLock
	if err := json.Unmarshal(plainJSON(data), &lock); err != nil {
		return nil, err
	}
	var g graph
	needs := map[string]bunDetails{}
	for _, key := range sortedKeys(lock.Packages) {
		if c, details, ok := bunPackage(lock.Packages[key]); ok && len(key) <= maxNpmPath && strings.Count(key, "/") <= maxNpmDepth {
			g.add(key, c)
			needs[key] = details
		}
	}
	for key, details := range needs {
		for _, list := range []looseMap{details.Dependencies, details.OptionalDependencies, details.PeerDependencies} {
			for name := range list {
				if to := bunRequire(&g, key, name); to != "" {
					g.byKey[key].need(to)
				}
			}
		}
	}
	bunWants(in, &g, lock.Workspaces)
	return g.components(), nil
}

// bunWants puts into g what the project and its workspaces ask for.
func bunWants(in *Input, g *graph, workspaces map[string]npmManifest) {
	project := &node{}
	if m, ok := in.npmManifest(path.Dir(in.Path)); ok && m.named() {
		project = g.add("", m.project())
	}
	for folder, m := range workspaces {
		for _, name := range m.asks(true) {
			key := bunRequire(g, string(m.Name), name)
			_, dev := m.DevDependencies[name]
			g.want(key, dev)
			if folder == "" {
				project.need(key)
			}
		}
	}
}

// bunPackage reads one entry: an array of "name@where" and, by the kind of
// where, a registry, details and a checksum. Workspaces and links are the
// project's own.
func bunPackage(entry json.RawMessage) (boltseal.Component, bunDetails, bool) {
	var fields []json.RawMessage
	var details bunDetails
	var id, sum string
	if json.Unmarshal(entry, &fields) != nil || len(fields) == 0 || json.Unmarshal(fields[0], &id) != nil {
		return boltseal.Component{}, details, false
	}
	for _, field := range fields[1:] {
		if len(field) > 0 && field[0] == '{' {
			_ = json.Unmarshal(field, &details) // of another shape: no details
		}
	}
	_ = json.Unmarshal(fields[len(fields)-1], &sum) // of another type: no checksum
	name, version := yarnName(id)
	resolved := ""
	switch protocol, _, _ := strings.Cut(version, ":"); {
	case protocol == "workspace", protocol == "link", protocol == "file", protocol == "root":
		return boltseal.Component{}, details, false
	case protocol != version:
		resolved, version = version, string(npmArchiveVersion(version, name))
	}
	if !npmName(name) || version == "" && resolved == "" {
		return boltseal.Component{}, details, false
	}
	return boltseal.Component{
		PURL: npmPURL(name, version, resolved), Name: name, Version: npmVersion(version), Hashes: integrity(sum),
	}, details, true
}

// bunRequire finds the key that a package at key gets name from: its own
// folder's, then those up the path, then the top.
func bunRequire(g *graph, key, name string) string {
	for {
		if to := path.Join(key, name); g.byKey[to] != nil {
			return to
		}
		if key == "" {
			return ""
		}
		parent, last := path.Split(key)
		key = strings.TrimSuffix(parent, "/")
		if scope := path.Base(key); strings.HasPrefix(scope, "@") && !strings.HasPrefix(last, "@") {
			key = strings.TrimSuffix(strings.TrimSuffix(key, scope), "/")
		}
	}
}

// plainJSON blanks what bun's and other tools' JSON has and JSON has not:
// comments and commas before a closing bracket. The length stays the same.
func plainJSON(data []byte) []byte {
	out := []byte(string(data))
	comma := -1
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '"':
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
			comma = -1
		case c == '/' && i+1 < len(out) && out[i+1] == '/':
			for ; i < len(out) && out[i] != '\n'; i++ {
				out[i] = ' '
			}
		case c == '/' && i+1 < len(out) && out[i+1] == '*':
			out[i], out[i+1] = ' ', ' '
			for i += 2; i+1 < len(out) && (out[i] != '*' || out[i+1] != '/'); i++ {
				out[i] = ' '
			}
			if i+1 < len(out) {
				out[i], out[i+1] = ' ', ' '
				i++
			}
		case c == ',':
			comma = i
		case (c == '}' || c == ']') && comma >= 0:
			out[comma] = ' '
			comma = -1
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			comma = -1
		}
	}
	return out
}
