package inventory

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// distroFiles are the files that tell which distribution a tree is.
var distroFiles = []string{
	"etc/os-release", "usr/lib/os-release",
	"etc/alpine-release", "etc/apk/repositories",
	"etc/debian_version", "etc/lsb-release",
	"etc/almalinux-release", "etc/rocky-release", "etc/oracle-release", "etc/centos-release", "etc/fedora-release",
	"etc/mariner-release", "etc/azurelinux-release", "etc/photon-release", "etc/system-release", "etc/redhat-release",
	"etc/SuSE-release", "etc/arch-release", "etc/gentoo-release", "etc/slackware-version",
	"root/buildinfo/content_manifests/*.json", "root/buildinfo/labels.json",
	"usr/share/buildinfo/content-sets.json", "usr/share/buildinfo/labels.json",
}

// maxDistroFile is how much of such a file is read. Real ones are below 1 KiB,
// content manifests below 1 MiB.
const maxDistroFile = 4 << 20

// readDistro tells which distribution the tree is, nil when nothing says so.
// os-release(5) decides; the older files fill in for it and complete it where
// it is known to be silent.
func readDistro(fsys fs.FS) (*boltseal.Distro, []boltseal.Gap) {
	r := &distroReader{fsys: fsys}
	d := r.osRelease()
	if d == nil {
		d = r.older()
	}
	if d == nil {
		return nil, r.gaps
	}
	r.complete(d)
	return d, r.gaps
}

type distroReader struct {
	fsys fs.FS
	gaps []boltseal.Gap
}

// read gives the named file's text, and false when it is not there.
func (r *distroReader) read(name string) (string, bool) {
	f, err := r.fsys.Open(name)
	var data []byte
	if err == nil {
		defer f.Close()
		data, err = readShort(f, maxDistroFile)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.gaps = append(r.gaps, unreadable("file", name, err))
		}
		return "", false
	}
	return string(data), true
}

// osRelease reads os-release(5) from its two places. A file without an ID
// says nothing.
func (r *distroReader) osRelease() *boltseal.Distro {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		text, ok := r.read(name)
		if !ok {
			continue
		}
		v := shellVariables(text)
		if id := distroID(v["ID"]); id != "" {
			d := &boltseal.Distro{
				ID: id, Version: word(v["VERSION_ID"]), Name: word(v["PRETTY_NAME"]), Codename: word(v["VERSION_CODENAME"]),
				CPE: word(v["CPE_NAME"]),
			}
			for like := range strings.FieldsSeq(strings.ToLower(word(v["ID_LIKE"]))) {
				d.Like = append(d.Like, like)
			}
			return d
		}
	}
	return nil
}

// older asks the files that were there before os-release.
func (r *distroReader) older() *boltseal.Distro {
	if text, ok := r.read("etc/lsb-release"); ok {
		v := shellVariables(text)
		if id := distroID(v["DISTRIB_ID"]); id != "" {
			return &boltseal.Distro{
				ID: id, Version: word(v["DISTRIB_RELEASE"]), Name: word(v["DISTRIB_DESCRIPTION"]), Codename: word(v["DISTRIB_CODENAME"]),
			}
		}
	}
	for _, f := range releaseFiles {
		text, ok := r.read(f.name)
		if !ok {
			continue
		}
		if d := f.read(text); d != nil {
			return d
		}
	}
	// A BusyBox image holds one program and nothing that names it.
	if _, err := fs.Stat(r.fsys, "bin/busybox"); err == nil {
		return &boltseal.Distro{ID: "busybox", Name: "BusyBox"}
	}
	return nil
}

// releaseFiles are the files that name one distribution, the more special
// ones first: Rocky Linux has rocky-release and redhat-release.
var releaseFiles = []struct {
	name string
	read func(text string) *boltseal.Distro
}{
	{"etc/alpine-release", versionOf("alpine")},
	{"etc/almalinux-release", sentence},
	{"etc/rocky-release", sentence},
	{"etc/oracle-release", sentence},
	{"etc/mariner-release", sentence},
	{"etc/azurelinux-release", sentence},
	{"etc/photon-release", sentence},
	{"etc/fedora-release", sentence},
	{"etc/centos-release", sentence},
	{"etc/system-release", sentence},
	{"etc/redhat-release", sentence},
	{"etc/SuSE-release", sentence},
	{"etc/gentoo-release", sentence},
	{"etc/debian_version", versionOf("debian")},
	{"etc/arch-release", func(string) *boltseal.Distro { return &boltseal.Distro{ID: "arch", Name: "Arch Linux"} }},
	{"etc/slackware-version", sentence},
}

func versionOf(id string) func(string) *boltseal.Distro {
	return func(text string) *boltseal.Distro {
		line, _, _ := strings.Cut(text, "\n")
		return &boltseal.Distro{ID: id, Version: word(line)}
	}
}

// sentence reads "Red Hat Enterprise Linux Server release 7.9 (Maipo)",
// "VMware Photon OS 4.0" and their like.
func sentence(text string) *boltseal.Distro {
	line, _, _ := strings.Cut(text, "\n")
	line = word(line)
	lower := strings.ToLower(line)
	for _, known := range releaseNames {
		if !strings.HasPrefix(lower, known.starts) {
			continue
		}
		d := &boltseal.Distro{ID: known.id, Name: line}
		for field := range strings.FieldsSeq(line[len(known.starts):]) {
			if field[0] >= '0' && field[0] <= '9' {
				d.Version = field
				break
			}
		}
		if _, name, ok := strings.Cut(line, "("); ok {
			d.Codename = strings.TrimSuffix(strings.TrimSpace(name), ")")
		}
		return d
	}
	return nil
}

var releaseNames = []struct{ starts, id string }{
	{"red hat enterprise linux", "rhel"}, {"centos", "centos"}, {"fedora", "fedora"}, {"rocky linux", "rocky"},
	{"almalinux", "almalinux"}, {"oracle linux", "ol"}, {"enterprise linux enterprise linux", "ol"},
	{"amazon linux", "amzn"}, {"photon", "photon"}, {"vmware photon", "photon"}, {"cbl-mariner", "mariner"},
	{"mariner", "mariner"}, {"azure linux", "azurelinux"}, {"opensuse", "opensuse"}, {"suse linux enterprise server", "sles"},
	{"gentoo", "gentoo"}, {"slackware", "slackware"},
}

// complete adds what os-release leaves out.
func (r *distroReader) complete(d *boltseal.Distro) {
	switch d.ID {
	case "debian":
		r.completeDebian(d)
	case "alpine":
		// Packages of edge are older than its next release, whatever
		// VERSION_ID promises: "3.21_alpha20240807".
		if strings.Contains(d.Version, "_alpha") || strings.Contains(d.Version, "_git") || strings.HasSuffix(d.Name, " edge") {
			d.Version = "edge"
		}
		d.Repository = r.apkRepositories()
	case "rhel", "centos", "fedora":
		r.redHat(d)
	}
}

// completeDebian leaves the release's number, "12" of debian_version's
// "12.11", and gives testing and unstable the one that they will have: their
// os-release has a code name only, debian_version says "trixie/sid".
func (r *distroReader) completeDebian(d *boltseal.Distro) {
	version := d.Version
	if version == "" {
		text, _ := r.read("etc/debian_version")
		version, _, _ = strings.Cut(text, "\n")
		version = word(version)
	}
	if version != "" && version[0] >= '0' && version[0] <= '9' {
		d.Version, _, _ = strings.Cut(version, ".")
		return
	}
	codename, _, _ := strings.Cut(version, "/")
	d.Codename = cmp.Or(d.Codename, codename)
	d.Version = debianReleases[d.Codename]
}

// debianReleases are the numbers of Debian's code names.
var debianReleases = map[string]string{
	"wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12",
	"trixie": "13", "forky": "14", "duke": "15",
}

// apkRepositories are the last two segments of each repository's address,
// "v3.20/main": the rest is a mirror, and may hold a password.
func (r *distroReader) apkRepositories() []string {
	text, _ := r.read("etc/apk/repositories")
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(strings.TrimSpace(line), "/")
		if line == "" || line[0] == '#' {
			continue
		}
		dir, repository := path.Split(line)
		if branch := path.Base(dir); branch != "." && branch != "/" && len(branch)+len(repository) < 80 {
			seen[branch+"/"+repository] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// redHat reads what Red Hat's build system leaves in its images: the content
// sets whose advisories apply, and the product's CPE name.
func (r *distroReader) redHat(d *boltseal.Distro) {
	manifests, err := fs.Glob(r.fsys, "root/buildinfo/content_manifests/*.json")
	if err != nil {
		return
	}
	sets := map[string]bool{}
	for _, name := range append(manifests, "usr/share/buildinfo/content-sets.json") {
		var manifest struct {
			ContentSets []string `json:"content_sets"`
		}
		r.json(name, &manifest)
		for _, set := range manifest.ContentSets {
			if set = word(set); set != "" {
				sets[set] = true
			}
		}
	}
	d.Repository = slices.Sorted(maps.Keys(sets))
	for _, name := range []string{"root/buildinfo/labels.json", "usr/share/buildinfo/labels.json"} {
		var labels struct {
			CPE string `json:"cpe"`
		}
		r.json(name, &labels)
		// The label names the product stream that the image belongs to,
		// os-release only the operating system.
		if cpe := word(labels.CPE); cpe != "" {
			d.CPE = cpe
		}
	}
}

func (r *distroReader) json(name string, v any) {
	text, ok := r.read(name)
	if !ok {
		return
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		r.gaps = append(r.gaps, unreadable("file", name, err))
	}
}

// shellVariables reads assignments as os-release(5) allows them: one a line,
// values plain or in quotes.
func shellVariables(text string) map[string]string {
	v := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if ok && name != "" && line[0] != '#' {
			v[name] = unquote(strings.TrimSpace(value))
		}
	}
	return v
}

// unquote removes a shell's quotes and, inside double quotes and outside of
// any, its backslashes.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return s[1 : len(s)-1]
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// distroID is a distribution's name as os-release(5) wants IDs: lower case,
// digits, '.', '_' and '-'. Anything else says nothing.
func distroID(s string) string {
	s = strings.ReplaceAll(strings.ToLower(word(s)), " ", "-")
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return ""
		}
	}
	return s
}

// word is a value fit for a report: one short line of valid text.
func word(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, s)
}
