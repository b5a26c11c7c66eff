package inventory

import (
	"context"
	"errors"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "ruby",
	Title: "Ruby (RubyGems, Bundler)",
	Readers: []Reader{
		{
			Name: "ruby/gemspec", Files: []string{"**/specifications/*.gemspec", "**/specifications/default/*.gemspec"},
			Read: readGemspec,
		},
		{
			Name: "ruby/gemfile-lock", Files: []string{"**/Gemfile.lock", "**/gems.locked"},
			Beside: []string{"**/Gemfile", "**/gems.rb"}, Read: readGemfileLock,
		},
	},
})

// gemPURL names a gem. One that was built for a platform says which.
func gemPURL(name, version, platform, vcs string) string {
	p := boltseal.PURL{Type: "gem", Name: name, Version: version, Qualifiers: map[string]string{"vcs_url": vcs}}
	if platform != "ruby" {
		p.Qualifiers["platform"] = platform
	}
	return p.String()
}

// gemName says whether RubyGems allows the name.
func gemName(name string) bool {
	return name != "" && len(name) <= 200 && !strings.ContainsAny(name, " \t/\\@#?%()\"'")
}

// readGemspec reads the record of an installed gem. RubyGems writes it as Ruby
// code, and what it needs to find the gem into a comment before it.
func readGemspec(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var name, version, platform, author string
	var stated, needs []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if stub, ok := strings.CutPrefix(line, "# stub: "); ok {
			if fields := strings.Fields(stub); len(fields) >= 3 {
				name, version, platform = fields[0], fields[1], fields[2]
			}
			continue
		}
		call, ok := strings.CutPrefix(line, "s.")
		if !ok {
			continue
		}
		switch words := rubyStrings(call); {
		case len(words) == 0:
		case strings.HasPrefix(call, "name =") && name == "":
			name = words[0]
		case strings.HasPrefix(call, "version =") && version == "":
			version = words[0]
		case strings.HasPrefix(call, "platform =") && platform == "":
			platform = words[0]
		case strings.HasPrefix(call, "license"):
			stated = words
		case strings.HasPrefix(call, "author"):
			author = strings.Join(words, ", ")
		case strings.HasPrefix(call, "add_runtime_dependency"), strings.HasPrefix(call, "add_dependency"):
			needs = append(needs, words[0])
		}
	}
	if !gemName(name) || version == "" || strings.ContainsAny(version, " /(") {
		return nil, errors.New("specification without name or version")
	}
	c := boltseal.Component{
		PURL: gemPURL(name, version, platform, ""), Name: name, Version: version, Basis: boltseal.Installed,
		Licenses: licenses(stated...), Supplier: author,
	}
	for _, needed := range needs {
		if gemName(needed) {
			c.DependsOn = append(c.DependsOn, gemPURL(needed, "", "", ""))
		}
	}
	return []boltseal.Component{c}, nil
}

// rubyStrings are the literals "…", '…' and %q<…> of a line.
func rubyStrings(line string) []string {
	var words []string
	for {
		at := strings.IndexAny(line, "\"'%")
		if at < 0 {
			return words
		}
		open := line[at : at+1]
		line = line[at+1:]
		if open == "%" {
			rest, ok := strings.CutPrefix(line, "q<")
			if !ok {
				continue
			}
			line, open = rest, ">"
		}
		word, rest, ok := strings.Cut(line, open)
		if !ok {
			return words
		}
		words, line = append(words, word), rest
	}
}

// gemLock is a Gemfile.lock while it is read.
type gemLock struct {
	graph
	byName map[string][]*gemEntry // a gem is locked once for each platform
	asked  []string
}

type gemEntry struct {
	key   string
	node  *node
	own   bool // the project's own
	needs []string
}

// readGemfileLock reads Bundler's lock file: sections of sources, each with
// the gems that come from it and what they need.
func readGemfileLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	l := gemLock{byName: map[string][]*gemEntry{}}
	var section, remote, revision string
	var last *gemEntry
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, " \r\n")
		text := strings.TrimLeft(line, " ")
		switch indent := len(line) - len(text); {
		case text == "":
		case indent == 0:
			section, remote, revision, last = text, "", "", nil
		case section == "DEPENDENCIES":
			l.asked = append(l.asked, gemRequest(text))
		case section == "CHECKSUMS":
			l.checksum(text)
		case indent == 2:
			if value, ok := strings.CutPrefix(text, "remote: "); ok {
				remote = value
			}
			if value, ok := strings.CutPrefix(text, "revision: "); ok {
				revision = value
			}
		case indent == 4 && (section == "GEM" || section == "GIT" || section == "PATH" || section == "PLUGIN SOURCE"):
			vcs := ""
			if section == "GIT" {
				vcs = vcsURL("git", remote, revision)
			}
			last = l.locked(text, vcs, section == "PATH")
		case indent == 6 && last != nil:
			last.needs = append(last.needs, gemRequest(text))
		}
	}
	l.connect(in.gemfileDev())
	return l.components(), nil
}

// gemRequest is the name in "name (~> 1.0)!".
func gemRequest(text string) string {
	name, _, _ := strings.Cut(text, " ")
	return strings.TrimSuffix(name, "!")
}

// maxGemPlatforms is how many builds of one gem a request may mean.
const maxGemPlatforms = 64

// locked adds "name (version-platform)".
func (l *gemLock) locked(text, vcs string, own bool) *gemEntry {
	name, rest, ok := strings.Cut(text, " (")
	version, _, closed := strings.Cut(rest, ")")
	if !ok || !closed || !gemName(name) || version == "" {
		return nil
	}
	e := &gemEntry{key: name + " " + version, own: own}
	if !own {
		version, platform, _ := strings.Cut(version, "-")
		e.node = l.add(e.key, boltseal.Component{PURL: gemPURL(name, version, platform, vcs), Name: name, Version: version})
	}
	if len(l.byName[name]) < maxGemPlatforms {
		l.byName[name] = append(l.byName[name], e)
	}
	return e
}

// connect fills in who needs whom and what the project asks for. Gems of the
// project itself are no components: what they need, the project asks for.
func (l *gemLock) connect(dev map[string]bool) {
	for _, entries := range l.byName {
		for _, e := range entries {
			for _, needed := range e.needs {
				for _, answer := range l.byName[needed] {
					if e.own {
						l.want(answer.key, false)
					} else {
						e.node.need(answer.key)
					}
				}
			}
		}
	}
	for _, name := range l.asked {
		for _, answer := range l.byName[name] {
			l.want(answer.key, dev[name])
		}
	}
}

// checksum reads "name (version) sha256=hex".
func (l *gemLock) checksum(text string) {
	name, rest, _ := strings.Cut(text, " (")
	version, rest, _ := strings.Cut(rest, ") ")
	sum, ok := strings.CutPrefix(rest, "sha256=")
	digest, err := boltseal.ParseDigest("sha256:" + sum)
	if n := l.byKey[name+" "+version]; n != nil && ok && err == nil {
		n.Hashes = []boltseal.Digest{digest}
	}
}

// gemfileDev names the gems that the Gemfile beside asks for in groups of
// development and test only. A Gemfile is a program; only its usual shape is
// understood, and what is not counts as needed.
func (in *Input) gemfileDev() map[string]bool {
	dev := map[string]bool{}
	data, err := in.textBeside(in.beside("Gemfile"))
	if err != nil {
		if data, err = in.textBeside(in.beside("gems.rb")); err != nil {
			return dev
		}
	}
	var blocks []bool
	inDev := 0
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		line = strings.TrimSpace(line)
		opens := strings.HasSuffix(line, " do") || strings.Contains(line, " do |") ||
			strings.HasPrefix(line, "if ") || strings.HasPrefix(line, "unless ") || strings.HasPrefix(line, "case ")
		switch {
		case line == "end" && len(blocks) > 0:
			if blocks[len(blocks)-1] {
				inDev--
			}
			blocks = blocks[:len(blocks)-1]
		case opens:
			rest, group := strings.CutPrefix(line, "group ")
			group = group && rubyDevGroups(rest)
			if blocks = append(blocks, group); group {
				inDev++
			}
		case strings.HasPrefix(line, "gem ") || strings.HasPrefix(line, "gem("):
			words := rubyStrings(line)
			if len(words) == 0 {
				continue
			}
			_, groups, _ := strings.Cut(line, "group")
			_, seen := dev[words[0]]
			only := inDev > 0 || groups != "" && rubyDevGroups(groups)
			dev[words[0]] = only && (!seen || dev[words[0]])
		}
	}
	return dev
}

// rubyDevGroups says whether all symbols in the text are groups of
// development.
func rubyDevGroups(text string) bool {
	any := false
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' || r == '[' || r == ']' || r == '=' || r == '>' }) {
		name, ok := strings.CutPrefix(word, ":")
		if !ok || name == "" {
			continue
		}
		if any = true; name != "development" && name != "test" && name != "dev" && name != "ci" && name != "lint" && name != "doc" && name != "docs" {
			return false
		}
	}
	return any
}
