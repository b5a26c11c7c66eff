package secret

import (
	"path"
	"strings"
)

// Class is the kind of file that bytes are from, as its name tells.
type Class uint8

// The classes.
const (
	Config   Class = 1 << iota // settings: .env, YAML, JSON, INI, properties, Dockerfiles, scripts
	Source                     // programs
	Home                       // files that hold credentials by their nature: .netrc, .npmrc, .docker/config.json
	Document                   // texts for people
	Other
)

// place is what a file's path says about what is found in it.
type place struct {
	path       string
	class      Class
	dependency bool   // an installed package brought it
	public     bool   // tests, examples and documentation of an installed package
	why        string // findings are less severe, and this is the reason
	barren     int    // up to here in the bytes at hand there is no JSON web token
	looks      int
	failures   map[*ready]failure
}

// Files whose content is never text that somebody wrote a credential into, by
// the end of their names. Whatever else is binary is told by its first bytes.
var binaries = wordSet(`a avi bin bmp br bz2 class dat deb dex dll dylib ear eot exe flac gem gif gir gmo gresource gz icns ico img iso jar jks
jpeg jpg ko lz4 lzma mid mkv mo mov mp3 mp4 nupkg o ogg otf pack parquet pdf png pyc pyd pyo qm rpm sf2 snap so squashfs tar tgz tif tiff
traineddata ttc ttf typelib wasm wav webm webp whl woff woff2 xz zip zst zstd`)

var configs = wordSet(`cfg cnf conf config credentials env envrc hcl ini json json5 jsonc netrc npmrc properties ps1 pgpass sh bash zsh tf
tfstate tfvars toml xml yaml yml service sql dockerfile bat cmd plist reg ovpn`)

var sources = wordSet(`c cc cpp cs cshtml dart erl ex exs go groovy gradle h java jl js jsx kt kts lua m mjs cjs php pl pm py r rb rs scala swift ts tsx vb vue`)

var documents = wordSet(`adoc changes html htm man markdown md mdx news org po pod pot readme rst tex txt xhtml 1 2 3 5 7 8`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// homes are files that hold credentials by their nature, by the end of their
// paths.
var homes = []string{
	".netrc", "_netrc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pypirc", ".docker/config.json", ".dockercfg", ".dockerconfigjson",
	".pgpass", ".my.cnf", ".htpasswd", "etc/shadow", "etc/gshadow", ".git-credentials", ".git/config", ".aws/credentials", ".aws/config",
	".kube/config", "kubeconfig", ".gem/credentials", ".cargo/credentials", ".cargo/credentials.toml", ".m2/settings.xml",
	"pip.conf", ".s3cfg", ".boto", "containers/auth.json", ".config/gh/hosts.yml", "auth.json", ".vault-token",
}

// inDependencies are folders that packages are installed into; what they hold
// everybody can download. Those in two parts are looked for as they stand.
var (
	inDependencies  = wordSet(`node_modules site-packages dist-packages gems vendor jvm .cache bower_components Pods`)
	inDependencies2 = map[string]string{"mod": "pkg", "registry": ".cargo", "repository": ".m2"}
)

// ofDistribution are where packages of distributions put their files.
var ofDistribution = []string{
	"usr/lib/", "usr/lib32/", "usr/lib64/", "usr/libexec/", "usr/include/", "usr/bin/", "usr/sbin/", "lib/", "lib64/", "bin/", "sbin/", "usr/local/go/", "usr/local/include/",
	"usr/local/lib/python", "usr/local/lib/ruby", "usr/local/lib/perl", "usr/local/lib/php", "usr/local/lib/R/", "usr/libx32/", "nix/store/", "snap/", "usr/share/", "var/lib/dpkg/", "var/lib/apt/", "lib/apk/", "var/cache/", "var/lib/gems/",
}

// notOfDistribution are below those, and people put their own files there.
var notOfDistribution = []string{"usr/share/nginx/html/", "usr/share/app/", "usr/share/elasticsearch/config/", "usr/lib/systemd/system/"}

// forShow are folders of tests, examples and documentation.
var forShow = wordSet(`test tests testing testdata test-data test_data testsuite __tests__ t spec specs fixture fixtures example examples
sample samples demo demos doc docs documentation mock mocks __mocks__ selftests unittests e2e benchmark benchmarks tutorial tutorials cookbook`)

// placeOf tells what a path says.
func placeOf(name string) place {
	p := place{path: name, class: classOf(name)}
	shown, rest, before := false, name, ""
	for {
		word, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		p.dependency = p.dependency || inDependencies[word] || before != "" && inDependencies2[word] == before
		shown = shown || showsDir(word)
		rest, before = after, word
	}
	shown = shown || showsFile(rest)
	if !p.dependency {
		p.dependency = hasPrefix(name, ofDistribution) && !hasPrefix(name, notOfDistribution)
	}
	switch {
	case p.dependency && (shown || p.class == Document):
		p.public = true
	case p.dependency:
		p.why = "an installed package brought it, so everybody can download it"
	case shown:
		p.why = "it stands among tests, examples or documentation"
	}
	return p
}

func hasPrefix(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// showsDir tells whether a folder of that name holds tests, examples or
// documentation.
func showsDir(word string) bool {
	lower := strings.ToLower(word)
	return forShow[lower] || strings.HasPrefix(lower, "test") || strings.HasSuffix(lower, "tests") || strings.HasSuffix(lower, "-test") || strings.HasSuffix(lower, "_test") || strings.Contains(lower, "fixture")
}

// showsFile tells it of a file.
func showsFile(base string) bool {
	lower := strings.ToLower(base)
	for _, mark := range []string{"_test.", "_test_", ".test.", ".spec.", "_spec.", "example", "sample", ".template", ".tmpl", ".dist"} {
		if strings.Contains(lower, mark) {
			return true
		}
	}
	return strings.HasPrefix(lower, "test.") || strings.HasPrefix(lower, "test-") || strings.HasPrefix(lower, "test_")
}

// endsIn tells whether a path ends in that path.
func endsIn(name, end string) bool {
	return strings.HasSuffix(name, end) && (len(name) == len(end) || name[len(name)-len(end)-1] == '/')
}

func classOf(name string) Class {
	base := path.Base(name)
	for _, h := range homes {
		if endsIn(name, h) {
			return Home | Config
		}
	}
	lower := strings.ToLower(base)
	if strings.HasPrefix(lower, ".env") || strings.Contains(lower, "dockerfile") || strings.Contains(lower, "containerfile") || strings.Contains(lower, "credential") {
		return Config
	}
	ext := lower[strings.LastIndexByte(lower, '.')+1:]
	switch {
	case configs[ext]:
		return Config
	case sources[ext]:
		return Source
	case documents[ext]:
		return Document
	case strings.HasPrefix(lower, ".") && ext == lower[1:]:
		return Config // dot files: .bashrc, .bash_history
	}
	return Other
}

// binaryName tells by a file's name that it holds no text.
func binaryName(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 {
		return false
	}
	ext := base[dot+1:]
	if len(ext) > 11 {
		return false
	}
	var small [16]byte
	lower := small[:0]
	for i := range len(ext) {
		lower = append(lower, fold(ext[i]))
	}
	return binaries[string(lower)]
}
